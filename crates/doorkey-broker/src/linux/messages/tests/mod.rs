mod accounts;
mod refusals;
mod requests;
mod tokens;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::BrokerApplication;

const OBJECT: &str = "11111111-2222-3333-4444-555555555555";
const TENANT: &str = "99999999-8888-7777-6666-555555555555";

fn application() -> BrokerApplication {
    BrokerApplication::new("client", "https://login.microsoftonline.com/organizations")
}

fn home() -> String {
    format!("{OBJECT}.{TENANT}")
}

fn client_info(object: &str, tenant: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"uid":"{object}","utid":"{tenant}"}}"#))
}

mod accounts;
mod refusals;
mod requests;
mod tokens;

use crate::testing::{OBJECT, TENANT, client_info};
use doorkey::BrokerApplication;

fn application() -> BrokerApplication {
    BrokerApplication::new("client", "https://login.microsoftonline.com/organizations")
}

fn home() -> String {
    format!("{OBJECT}.{TENANT}")
}

#[cfg(target_os = "macos")]
mod absence;
mod accounts;
mod calls;
mod credential;
mod main_thread;
mod msal;
mod recorder;
mod refusals;
mod tokens;
mod words;

use super::messages::Reply;
use crate::testing::{CORRELATION, OBJECT, TENANT, UNSERVED, account, application, client_info};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::{BrokerAccount, BrokerApplication};
use recorder::Recorder;
use serde_json::{Value, json};

/// 2100-01-01.
const EXPIRES_ON: &str = "4102444800";

/// Of the members of a JSON object; `null` takes one away.
fn reply(members: &Value) -> Reply {
    let members = members.as_object().unwrap().clone();
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    Reply::new(members)
}

fn changed(whole: Value, change: &Value) -> Value {
    let Value::Object(mut members) = whole else {
        panic!("{whole}");
    };
    members.extend(change.as_object().unwrap().clone());
    members.into()
}

/// A good one, as the extension writes it.
fn token() -> Value {
    json!({
        "operation": "refresh",
        "operation_response_type": "operation_token_response",
        "success": "1",
        "provider_type": "provider_aad_v2",
        "authority": "https://login.microsoftonline.com/organizations",
        "access_token": "token",
        "token_type": "Bearer",
        "expires_in": "3600",
        "expires_on": EXPIRES_ON,
        "ext_expires_on": "0",
        "refresh_on": "0",
        "scope": "scope openid",
        "client_info": client_info(OBJECT, TENANT),
        "id_token": id_token(&json!({"tid": TENANT, "preferred_username": "ada@contoso.com"})),
        "device_mode": "personal",
        "broker_version": "5.2603.0",
    })
}

fn id_token(claims: &Value) -> String {
    format!(
        "header.{}.signature",
        URL_SAFE_NO_PAD.encode(claims.to_string())
    )
}

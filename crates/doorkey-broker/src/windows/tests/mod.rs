#[cfg(windows)]
mod absence;
mod accounts;
mod apart;
mod calls;
mod people;
mod personal;
mod pop;
mod recorder;
mod refusals;
mod replies;

use super::{
    messages::{Properties, TokenAnswer, TokenResponse, TokenStatus, WebAccount},
    person::PERSONAL_TENANT,
    wam::Wam,
};
use crate::testing::{CORRELATION, OBJECT, TENANT, UNSERVED, account, application, client_info};
use azure_core::credentials::Secret;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::{BrokerAccount, BrokerApplication, BrokerInteractiveRequest, BrokerSilentRequest};
use recorder::Recorder;
use std::{num::NonZeroIsize, sync::Arc};

const IDENTITY: &str = "openid profile offline_access";
const PERSONAL_OBJECT: &str = "00000000-0000-0000-5406-48eb0b3075bb";

/// 2100-01-01, as Windows counts.
const EXPIRES_ON: &str = "15746918400";

fn personal_account() -> BrokerAccount {
    let mut account = BrokerAccount::new(format!("{PERSONAL_OBJECT}.{PERSONAL_TENANT}"));
    account.username = "ada@outlook.com".into();
    account
}

fn written() -> WebAccount {
    WebAccount {
        id: "work-id".into(),
        username: "ada@contoso.com".into(),
        properties: properties(&[("OID", OBJECT), ("TenantId", TENANT)]),
    }
}

fn personal_written() -> WebAccount {
    WebAccount {
        id: "personal-id".into(),
        username: "ada@outlook.com".into(),
        properties: properties(&[("SafeCustomerId", "540648EB0B3075BB")]),
    }
}

fn properties(members: &[(&str, &str)]) -> Properties {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    members.iter().map(owned).collect()
}

fn id_token(claims: &str) -> String {
    format!("header.{}.signature", URL_SAFE_NO_PAD.encode(claims))
}

fn response(token: &str, members: &[(&str, &str)], account: WebAccount) -> TokenResponse {
    TokenResponse {
        token: Secret::new(token.to_owned()),
        properties: properties(members),
        account: Some(account),
    }
}

fn success(response: TokenResponse) -> TokenAnswer {
    TokenAnswer {
        status: TokenStatus::Success,
        response: Some(response),
        error: None,
    }
}

fn work_token() -> TokenAnswer {
    let info = client_info(OBJECT, TENANT);
    let members = [
        ("TokenExpiresOn", EXPIRES_ON),
        ("wamcompat_client_info", &*info),
    ];
    success(response("token", &members, written()))
}

fn personal_token() -> TokenAnswer {
    let info = client_info(PERSONAL_OBJECT, PERSONAL_TENANT);
    let list = format!("access_token=token&expires_in=3600&client_info={info}");
    success(response(&list, &[], personal_written()))
}

fn status(status: TokenStatus) -> TokenAnswer {
    TokenAnswer {
        status,
        response: None,
        error: None,
    }
}

fn silent(tenant: &str, account: BrokerAccount) -> BrokerSilentRequest {
    BrokerSilentRequest::new(application(tenant), account, vec!["scope".into()])
}

fn interactive(tenant: &str) -> BrokerInteractiveRequest {
    let scopes = vec!["scope".into(), "openid".into()];
    let mut request = BrokerInteractiveRequest::new(application(tenant), scopes);
    request.parent_window = NonZeroIsize::new(42);
    request
}

//! Who asks, and for whom, in the tests of all systems.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey::{
    Broker, BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerSignOutRequest, BrokerSilentRequest, Result,
};

pub(crate) const OBJECT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const CORRELATION: &str = "01234567-89ab-cdef-0123-456789abcdef";
pub(crate) const TENANT: &str = "99999999-8888-7777-6666-555555555555";

/// Where no system's broker signs anybody in.
pub(crate) const UNSERVED: [&str; 9] = [
    "https://login.microsoftonline.com/adfs",
    "https://adfs.contoso.com/adfs",
    "https://contoso.b2clogin.com/contoso.onmicrosoft.com/policy",
    "https://contoso.ciamlogin.com/contoso.onmicrosoft.com",
    "https://127.0.0.1:8443/organizations",
    "http://login.microsoftonline.com/organizations",
    "https://login.microsoftonline.com.evil.example/organizations",
    "https://login.microsoftonline.com",
    "no URL",
];

pub(crate) fn application(tenant: &str) -> BrokerApplication {
    let authority = format!("https://login.microsoftonline.com/{tenant}");
    let mut application = BrokerApplication::new("client", authority);
    application.correlation_id = CORRELATION.parse().unwrap();
    application
}

pub(crate) fn account() -> BrokerAccount {
    let mut account = BrokerAccount::new(format!("{OBJECT}.{TENANT}"));
    account.username = "ada@contoso.com".into();
    account
}

pub(crate) fn client_info(object: &str, tenant: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!(r#"{{"uid":"{object}","utid":"{tenant}"}}"#))
}

/// What comes of each question, without what is answered.
#[cfg_attr(
    not(any(windows, target_os = "macos")),
    expect(
        dead_code,
        reason = "Linux' broker is asked on a bus, by tests of their own"
    )
)]
pub(crate) async fn outcomes(broker: &dyn Broker) -> [Result<()>; 4] {
    let application = application("organizations");
    let accounts = BrokerAccountsRequest::new(application.clone());
    let silent = BrokerSilentRequest::new(application.clone(), account(), Vec::new());
    let interactive = BrokerInteractiveRequest::new(application.clone(), Vec::new());
    let sign_out = BrokerSignOutRequest::new(application, account());
    [
        broker.accounts(&accounts).await.map(drop),
        broker.acquire_silently(&silent).await.map(drop),
        broker.acquire_interactively(&interactive).await.map(drop),
        broker.sign_out(&sign_out).await,
    ]
}

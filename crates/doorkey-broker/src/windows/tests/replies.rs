use super::super::{
    messages::TokenResponse,
    reply::{assertion, token},
    request::Plugin,
};
use super::*;
use azure_core::time::{Duration, OffsetDateTime};
use doorkey::{BrokerToken, ErrorKind, Result};

const NOW: i64 = 1_800_000_000;

fn read(response: &TokenResponse, plugin: Plugin) -> Result<BrokerToken> {
    token(response, plugin, now())
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

#[test]
fn a_work_token_is_described_by_properties() {
    let info = client_info(OBJECT, TENANT);
    let id_token = id_token(r#"{"tid":"the tenant of the token"}"#);
    let members = [
        ("TokenExpiresOn", "13444477200"),
        ("wamcompat_scopes", "scope  openid"),
        ("wamcompat_id_token", &*id_token),
        ("wamcompat_client_info", &*info),
        ("ExtendedLifetimeToken", "0"),
    ];
    // A guest: Windows writes who they are in the other tenant.
    let mut guest = written();
    guest.properties = properties(&[("OID", "guest"), ("TenantId", "elsewhere")]);
    let token = read(&response("token", &members, guest), Plugin::EntraId).unwrap();
    assert_eq!(token.access_token.secret(), "token");
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(token.expires_on, now() + Duration::hours(1));
    assert_eq!(token.scopes, ["scope", "openid"]);
    assert_eq!(token.id_token.unwrap().secret(), id_token);
    let account = token.account.unwrap();
    assert_eq!(account.home_account_id, format!("{OBJECT}.{TENANT}"));
    assert_eq!(account.username, "ada@contoso.com");
    assert_eq!(account.tenant_id, "the tenant of the token");
    assert_eq!(account.local_account_id.as_deref(), Some("work-id"));
}

#[test]
fn a_token_is_somebodys_by_what_there_is() {
    let id_token = id_token(r#"{"preferred_username":"ada@contoso.com","tid":"tenant"}"#);
    let info = client_info(OBJECT, TENANT);
    let life = ("TokenExpiresOn", EXPIRES_ON);
    let by_info = ("wamcompat_client_info", &*info);
    let by_claims = ("wamcompat_id_token", &*id_token);
    let garbage = ("wamcompat_client_info", "garbage");
    for (members, written, expected) in [
        ([life, by_info, by_claims].as_slice(), None, Some("tenant")),
        (&[life, garbage], Some(written()), Some(TENANT)),
        (&[life], Some(written()), Some(TENANT)),
        (&[life, by_claims], None, None),
        (&[life], None, None),
    ] {
        let mut response = response("token", members, WebAccount::default());
        response.account = written;
        let account = read(&response, Plugin::EntraId).unwrap().account;
        let tenant = account.as_ref().map(|account| &*account.tenant_id);
        assert_eq!(tenant, expected, "{members:?}");
        if let Some(account) = account {
            assert_eq!(account.username, "ada@contoso.com");
            assert_eq!(account.home_account_id, format!("{OBJECT}.{TENANT}"));
        }
    }
}

#[test]
fn an_expiry_is_counted_from_1601_or_1970_or_now() {
    for (name, value, expected) in [
        ("TokenExpiresOn", "13444477200", Some(NOW + 3600)),
        ("TokenExpiresOn", "1800003600", Some(NOW + 3600)),
        ("TokenExpiresOn", " 1800003600 ", Some(NOW + 3600)),
        ("expires_in", "3600", Some(NOW + 3600)),
        ("TokenExpiresOn", "0", None),
        ("TokenExpiresOn", "-5", None),
        ("TokenExpiresOn", "tomorrow", None),
        ("TokenExpiresOn", "9223372036854775807", None),
        ("TokenExpiresOn", "-9223372036854775808", None),
        ("expires_in", "-1", None),
        ("expires_in", "9223372036854775807", None),
        ("other", "1", None),
    ] {
        let members = [(name, value)];
        let answer = read(&response("token", &members, written()), Plugin::EntraId);
        match answer {
            Ok(token) => assert_eq!(Some(token.expires_on.unix_timestamp()), expected, "{value}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Protocol, "{value}");
                assert_eq!(expected, None, "{value}");
            }
        }
    }
}

#[test]
fn a_personal_token_is_a_list() {
    let info = client_info(PERSONAL_OBJECT, PERSONAL_TENANT);
    let list = format!(
        "access_token=EwA+/w==&token_type=bearer&expires_in=3600&scope=scope%20openid\
         &id_token=a.b.c&client_info={info}&correlation=c"
    );
    let token = read(&response(&list, &[], personal_written()), Plugin::Personal).unwrap();
    assert_eq!(token.access_token.secret(), "EwA+/w==");
    assert_eq!(token.expires_on, now() + Duration::hours(1));
    assert_eq!(token.scopes, ["scope", "openid"]);
    assert_eq!(token.id_token.unwrap().secret(), "a.b.c");
    let account = token.account.unwrap();
    let home = personal_account().home_account_id;
    assert_eq!(account.home_account_id, home);
    assert_eq!(account.local_account_id.as_deref(), Some("personal-id"));
}

#[test]
fn a_personal_token_ages_in_windows_cache() {
    let life = |claims: &str| {
        let id_token = id_token(claims);
        let list = format!("access_token=t&expires_in=3600&id_token={id_token}");
        let token = read(&response(&list, &[], personal_written()), Plugin::Personal);
        token.map(|token| token.expires_on.unix_timestamp() - NOW)
    };
    for (claims, left) in [
        (format!(r#"{{"iat":{}}}"#, NOW - 600), 3000),
        // This machine's clock is behind.
        (format!(r#"{{"iat":{}}}"#, NOW + 600), 3600),
        (r#"{"iat":"yesterday"}"#.to_owned(), 3600),
        ("{}".to_owned(), 3600),
    ] {
        assert_eq!(life(&claims).unwrap(), left, "{claims}");
    }
    let error = life(&format!(r#"{{"iat":{}}}"#, NOW - 3600)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn what_is_shown_to_entra_id_is_the_code_of_the_list() {
    let shown = |list: &str| assertion(&response(list, &[], personal_written()));
    let list = "access_token=theirs&token_type=bearer&expires_in=3600&code=M.C_%2Babc+d";
    assert_eq!(shown(list).unwrap().secret(), "M.C_+abc+d");
    for list in ["", "garbage", "access_token=theirs", "code="] {
        let error = shown(list).expect_err(list);
        assert_eq!(error.kind(), ErrorKind::Protocol);
        assert!(!error.to_string().contains("theirs"), "{error}");
    }
}

#[test]
fn an_answer_without_a_token_makes_no_sense() {
    let life = [("TokenExpiresOn", EXPIRES_ON)];
    for (plugin, text) in [
        (Plugin::EntraId, ""),
        (Plugin::Personal, ""),
        (Plugin::Personal, "garbage"),
        (Plugin::Personal, "expires_in=3600"),
        (Plugin::Personal, "access_token=token"),
        (
            Plugin::Personal,
            "access_token=t&expires_in=3600&token_type=pop",
        ),
    ] {
        let error = read(&response(text, &life, written()), plugin).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{text}");
        assert!(!error.to_string().contains("garbage"), "{error}");
    }
}

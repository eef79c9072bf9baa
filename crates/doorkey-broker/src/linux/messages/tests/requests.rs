use super::{super::*, TENANT, application, home};
use doorkey::{BrokerAccount, BrokerInteractiveRequest, BrokerPop, BrokerSilentRequest, Prompt};
use serde_json::{Value, json};

fn written() -> Value {
    json!({ "homeAccountId": home(), "username": "ada@contoso.example", "unknown": [1] })
}

fn read(message: &str) -> Value {
    serde_json::from_str(message).expect("JSON")
}

#[test]
fn a_silent_question_names_the_account_where_each_broker_looks_for_it() {
    let mut request = BrokerSilentRequest::new(
        application(),
        BrokerAccount::new(home()),
        vec!["scope".into()],
    );
    request.claims = Some(r#"{"access_token":{}}"#.into());
    let message = TokenQuestion::silent(&request, &written()).message();
    assert_eq!(
        read(&message),
        json!({
            "account": written(),
            "authParameters": {
                "account": written(),
                "additionalQueryParametersForAuthorization": {},
                "authority": "https://login.microsoftonline.com/organizations",
                "authorizationType": 1,
                "clientId": "client",
                "decodedClaims": r#"{"access_token":{}}"#,
                "redirectUri": REDIRECT_URI,
                "requestedScopes": ["scope"],
                "username": "ada@contoso.example",
                "uxContextHandle": -1,
            },
        })
    );
}

#[test]
fn an_interactive_question_says_how_to_ask() {
    let mut request = BrokerInteractiveRequest::new(application(), vec!["scope".into()]);
    request.login_hint = Some("ada@contoso.example".into());
    request.domain_hint = Some("contoso.example".into());
    request.prompt = Prompt::Login;
    request.extra_query_parameters = vec![("dc".into(), "1".into())];
    let message = read(&TokenQuestion::interactive(&request, None).message());
    let parameters = &message["authParameters"];
    assert!(message.get("account").is_none(), "nobody is meant");
    assert!(parameters.get("account").is_none());
    assert_eq!(parameters["authorizationType"], 6);
    assert_eq!(parameters["username"], "ada@contoso.example");
    assert_eq!(parameters["prompt"], "login");
    assert!(parameters.get("decodedClaims").is_none());
    assert_eq!(
        parameters["additionalQueryParametersForAuthorization"],
        json!({ "domain_hint": "contoso.example", "dc": "1" })
    );
}

#[test]
fn what_a_token_has_to_be_bound_to_is_said_in_either_question() {
    let pop = BrokerPop::new("ours", "PATCH", "graph.example:8443", "/me", "n");
    let mut silent = BrokerSilentRequest::new(application(), BrokerAccount::new(home()), vec![]);
    let mut interactive = BrokerInteractiveRequest::new(application(), vec![]);
    for (pop, expected) in [
        (None, Value::Null),
        (
            Some(pop),
            json!({
                "authenticationScheme": "pop",
                "httpMethod": "PATCH",
                "uriHost": "graph.example:8443",
                "uriPath": "/me",
                "nonce": "n",
                "kid": "ours",
            }),
        ),
    ] {
        silent.pop.clone_from(&pop);
        interactive.pop = pop;
        for message in [
            TokenQuestion::silent(&silent, &written()).message(),
            TokenQuestion::interactive(&interactive, None).message(),
        ] {
            assert_eq!(read(&message)["authParameters"]["popParams"], expected);
        }
    }
}

#[test]
fn who_has_to_sign_in_is_named_even_if_the_broker_does_not_know_them() {
    let mut request = BrokerInteractiveRequest::new(application(), Vec::new());
    let mut account = BrokerAccount::new(home());
    account.username = "earlier@contoso.example".into();
    request.account = Some(account);
    let username = |account| {
        let message = TokenQuestion::interactive(&request, account).message();
        read(&message)["authParameters"]["username"].clone()
    };
    assert_eq!(username(None), "earlier@contoso.example");
    assert_eq!(username(Some(&written())), "ada@contoso.example");
}

#[test]
fn each_prompt_has_its_word() {
    for (prompt, word) in [
        (Prompt::SelectAccount, json!("select_account")),
        (Prompt::Login, json!("login")),
        (Prompt::Consent, json!("consent")),
        (Prompt::None, json!("none")),
        (Prompt::Omitted, Value::Null),
    ] {
        let mut request = BrokerInteractiveRequest::new(application(), Vec::new());
        request.prompt = prompt;
        let message = read(&TokenQuestion::interactive(&request, None).message());
        assert_eq!(message["authParameters"]["prompt"], word, "{prompt:?}");
    }
}

#[test]
fn the_other_messages_are_as_brokers_read_them() {
    let application = application();
    let signed = HttpRequest {
        method: "GET",
        host: "graph.example",
        path: None,
        nonce: "n",
    };
    let pop = BrokerPop::new("ours", "PATCH", "graph.example:8443", "/me", "n");
    let whole = HttpRequest::from(&pop);
    for (message, expected) in [
        (
            accounts_request(&application),
            json!({ "clientId": "client", "redirectUri": REDIRECT_URI }),
        ),
        (
            removal_request(&application, &written()),
            json!({ "clientId": "client", "account": written() }),
        ),
        (
            version_request(),
            json!({ "msalCppVersion": env!("CARGO_PKG_VERSION") }),
        ),
        (
            signed_http_request_request(&application, &home(), &signed),
            json!({
                "clientId": "client",
                "popParams": {
                    "authenticationScheme": "pop",
                    "httpMethod": "GET",
                    "uriHost": "graph.example",
                    "nonce": "n",
                    "homeAccountId": home(),
                },
            }),
        ),
        (
            signed_http_request_request(&application, &home(), &whole),
            json!({
                "clientId": "client",
                "popParams": {
                    "authenticationScheme": "pop",
                    "httpMethod": "PATCH",
                    "uriHost": "graph.example:8443",
                    "uriPath": "/me",
                    "nonce": "n",
                    "homeAccountId": home(),
                },
            }),
        ),
    ] {
        assert_eq!(read(&message), expected);
    }
    let cancellation = read(&cancellation_request(&application));
    let id = application.correlation_id.to_string();
    assert_eq!(cancellation["correlationId"], id);
}

#[test]
fn a_cookie_is_asked_for_by_the_person_and_the_page() {
    let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize");
    let message = read(&sso_cookie_request(&application(), &written(), &url));
    assert_eq!(message["ssoUrl"], url);
    assert_eq!(message["mamEnrollment"], false);
    assert_eq!(message["account"], written());
    assert_eq!(message["username"], "ada@contoso.example");
    let parameters = &message["authParameters"];
    assert_eq!(parameters["account"], written());
    assert_eq!(parameters["authorizationType"], 8);
    // Where Microsoft's broker looks for it since 2.0.2.
    assert_eq!(parameters["ssoUrl"], url);
}

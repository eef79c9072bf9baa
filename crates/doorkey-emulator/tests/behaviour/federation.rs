//! The servers that check the passwords of federated people.

use crate::client::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorkey_emulator::Emulator;
use http::{Request, Response};

const TRUST_13: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
const TRUST_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";

fn envelope(trust: &str, username: &str, password: &str) -> String {
    let key_type = match trust {
        TRUST_13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        _ => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
    };
    format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action>{trust}/RST/Issue</a:Action><o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><o:UsernameToken><o:Username>{username}</o:Username><o:Password>{password}</o:Password></o:UsernameToken></o:Security></s:Header><s:Body><t:RequestSecurityToken xmlns:t="{trust}"><p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>urn:federation:MicrosoftOnline</a:Address></a:EndpointReference></p:AppliesTo><t:KeyType>{key_type}</t:KeyType><t:RequestType>{trust}/Issue</t:RequestType></t:RequestSecurityToken></s:Body></s:Envelope>"#
    )
}

async fn ask(emulator: &Emulator, path: &str, trust: &str, envelope: String) -> Response<String> {
    let request = Request::post(format!("{}{path}", emulator.authority()))
        .header("content-type", "application/soap+xml; charset=utf-8")
        .header("soapaction", format!("{trust}/RST/Issue"))
        .body(envelope.into())
        .unwrap();
    let response = emulator.send(request).await;
    response.map(|body| String::from_utf8(body.to_vec()).unwrap())
}

fn assertion(reply: &str) -> &str {
    let (_, rest) = reply.split_once("<t:RequestedSecurityToken>").unwrap();
    rest.split_once("</t:RequestedSecurityToken>").unwrap().0
}

async fn redeem(emulator: &Emulator, grant: &str, assertion: &str) -> Json {
    let encoded = URL_SAFE_NO_PAD.encode(assertion);
    let pairs = [
        ("client_id", DEVELOPER),
        ("grant_type", grant),
        ("assertion", encoded.as_str()),
        ("scope", "https://management.azure.com/.default openid"),
    ];
    token(emulator, &pairs).await
}

#[tokio::test]
async fn an_assertion_is_redeemed_byte_for_byte() {
    let emulator = emulator().await;
    for (path, trust, who, grant) in [
        (
            "/federation/adatum.example/trust/13/usernamemixed",
            TRUST_13,
            "avery@adatum.example",
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        ),
        (
            "/federation/adatum.example/trust/2005/usernamemixed",
            TRUST_2005,
            "avery@adatum.example",
            "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
        ),
        (
            "/federation/proseware.example/trust/2005/usernamemixed",
            TRUST_2005,
            "blake@proseware.example",
            "urn:ietf:params:oauth:grant-type:saml2-bearer",
        ),
    ] {
        let mut users = emulator.users().iter();
        let user = users.find(|user| user.username == who).unwrap();
        let reply = ask(&emulator, path, trust, envelope(trust, who, &user.password)).await;
        assert_eq!(reply.status(), 200, "{}", reply.body());
        let assertion = assertion(reply.body());
        let redeemed = redeem(&emulator, grant, assertion).await;
        assert_eq!(redeemed.claims("id_token")["preferred_username"], who);
        // One blank more, and nobody signed it.
        for changed in [format!("{assertion} "), assertion.replacen("><", "> <", 1)] {
            let refused = redeem(&emulator, grant, &changed).await;
            assert_eq!(
                (refused.text("error"), refused.code()),
                ("invalid_grant", 50008)
            );
        }
        emulator.set_clock_offset(time::Duration::hours(2));
        assert_eq!(redeem(&emulator, grant, assertion).await.code(), 50008);
        emulator.set_clock_offset(time::Duration::ZERO);
    }
}

#[tokio::test]
async fn what_is_wrong_is_a_fault_of_status_500() {
    let emulator = emulator().await;
    let path = "/federation/adatum.example/trust/13/usernamemixed";
    for (envelope, subcode) in [
        (
            envelope(TRUST_13, "avery@adatum.example", "wrong"),
            "FailedAuthentication",
        ),
        (
            envelope(TRUST_13, "adele@contoso.example", "not-a-secret-adele"),
            "FailedAuthentication",
        ),
        (
            envelope(TRUST_2005, "avery@adatum.example", "not-a-secret-avery"),
            "InvalidRequest",
        ),
        ("no envelope".to_owned(), "InvalidRequest"),
    ] {
        let reply = ask(&emulator, path, TRUST_13, envelope).await;
        assert_eq!(reply.status(), 500);
        assert!(reply.body().contains(subcode), "{}", reply.body());
    }
    let elsewhere = "/federation/proseware.example/trust/13/usernamemixed";
    let reply = ask(&emulator, elsewhere, TRUST_13, String::new()).await;
    assert_eq!(reply.status(), 404);
}

#[tokio::test]
async fn the_metadata_name_the_endpoints() {
    let emulator = emulator().await;
    let request = Request::get(format!(
        "{}/federation/adatum.example/mex",
        emulator.authority()
    ));
    let reply = emulator
        .send(request.body(Default::default()).unwrap())
        .await;
    let text = String::from_utf8_lossy(reply.body());
    for path in ["13", "2005"] {
        let address = format!(
            "<wsa10:Address>{}/federation/adatum.example/trust/{path}/usernamemixed<",
            emulator.authority()
        );
        assert!(text.contains(&address), "{text}");
    }
}

//! A broker's tokens come by no request, so they are planted here.

use crate::scene::{OTHER_SCOPE, SCOPE, Scene};
use async_trait::async_trait;
use azure_core::{
    credentials::Secret,
    time::{Duration, OffsetDateTime},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use doorkey::{
    AuthenticateOptions, Broker, BrokerAccount, BrokerAccountsRequest, BrokerInteractiveRequest,
    BrokerSignOutRequest, BrokerSilentRequest, BrokerToken, InteractiveBrowserBrokerCredential,
    InteractiveBrowserBrokerCredentialOptions, InteractiveCredential, PopTokenRequestOptions,
    Result, TokenInfoOptions,
};
use serde_json::json;
use std::{fmt, sync::Arc};

/// One in which Adele is signed in.
struct Planted {
    account: BrokerAccount,
    access_token: String,
    id_token: String,
    change: fn(&mut BrokerToken),
}

impl Planted {
    fn new(scene: &Scene, client_id: &str, change: fn(&mut BrokerToken)) -> Arc<Self> {
        let users = scene.emulator.users();
        let name = scene.username("adele");
        let user = users.iter().find(|user| user.username == name).unwrap();
        let home = format!("{}.{}", user.object_id, user.tenant_id);
        let mut account = BrokerAccount::new(home);
        account.username.clone_from(&user.username);
        account.tenant_id.clone_from(&user.tenant_id);
        let claims = json!({
            "iss": "https://login.example/v2.0", "aud": client_id, "sub": "a-subject",
            "oid": user.object_id, "tid": user.tenant_id, "preferred_username": user.username,
            "exp": 4_102_444_800_i64,
        });
        let payload = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        let id_token = format!("e30.{payload}.signature-of-the-broker");
        let access_token = "planted/access+token=of~the~broker".to_owned();
        scene.secret("access token", &access_token);
        scene.secret("id token", &id_token);
        Arc::new(Self {
            account,
            access_token,
            id_token,
            change,
        })
    }

    fn token(&self) -> BrokerToken {
        let expires_on = OffsetDateTime::now_utc() + Duration::hours(1);
        let mut token = BrokerToken::new(Secret::new(self.access_token.clone()), expires_on);
        token.id_token = Some(Secret::new(self.id_token.clone()));
        token.account = Some(self.account.clone());
        (self.change)(&mut token);
        token
    }
}

#[async_trait]
impl Broker for Planted {
    async fn accounts(&self, _: &BrokerAccountsRequest) -> Result<Vec<BrokerAccount>> {
        Ok(vec![self.account.clone()])
    }

    async fn acquire_silently(&self, _: &BrokerSilentRequest) -> Result<BrokerToken> {
        Ok(self.token())
    }

    async fn acquire_interactively(&self, _: &BrokerInteractiveRequest) -> Result<BrokerToken> {
        Ok(self.token())
    }

    async fn sign_out(&self, _: &BrokerSignOutRequest) -> Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Planted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Planted")
    }
}

pub(crate) async fn by_broker(scene: &Scene) {
    let client_id = scene.emulator.client_id().to_owned();
    let options = || InteractiveBrowserBrokerCredentialOptions {
        client_id: Some(client_id.clone()),
        use_default_broker_account: true,
        client: scene.client(),
        ..Default::default()
    };
    let broker = Planted::new(scene, &client_id, |_| {});
    scene.debug("BrokerToken", &broker.token());
    scene.debug("InteractiveBrowserBrokerCredentialOptions", &options());
    let credential = InteractiveBrowserBrokerCredential::new(broker, Some(options())).unwrap();
    let token = credential.get_token_info(&[SCOPE], None).await.unwrap();
    scene.token(&token);
    let asked = AuthenticateOptions {
        scopes: vec![OTHER_SCOPE.to_owned()],
        ..Default::default()
    };
    let record = credential.authenticate(Some(asked)).await.unwrap();
    scene.record(&record);
    scene.debug("InteractiveBrowserBrokerCredential", &credential);
    scene.debug(
        "accounts of a broker",
        &credential.accounts().await.unwrap(),
    );
    credential.sign_out().await.unwrap();

    let nonsense: [fn(&mut BrokerToken); 3] = [
        |token| token.token_type = "of another kind".into(),
        |token| token.expires_on = OffsetDateTime::UNIX_EPOCH,
        |token| token.account = Some(BrokerAccount::new("")),
    ];
    for change in nonsense {
        let broker = Planted::new(scene, &client_id, change);
        let credential = InteractiveBrowserBrokerCredential::new(broker, Some(options()));
        let token = credential.unwrap().get_token_info(&[SCOPE], None).await;
        scene.error("broker", &token.unwrap_err());
    }

    let bound = || TokenInfoOptions {
        pop: Some(PopTokenRequestOptions {
            resource_request_method: "GET".into(),
            resource_request_url: "https://resource.example/me".into(),
            nonce: NONCE.into(),
        }),
        ..Default::default()
    };
    scene.secret("a resource's nonce", NONCE);
    for secret in [AROUND, WITHIN] {
        scene.secret("signed request", secret);
    }
    let signs = Planted::new(scene, &client_id, |token| {
        token.token_type = "pop".into();
        token.is_signed_request = true;
        token.access_token = Secret::new(signed());
    });
    scene.debug("BrokerToken", &signs.token());
    let credential = InteractiveBrowserBrokerCredential::new(signs, Some(options())).unwrap();
    let info = credential.get_token_info(&[SCOPE], Some(bound())).await;
    let info = info.unwrap();
    scene.secret("signed request", info.token.secret());
    scene.debug("AccessTokenInfo", &info);
    scene.debug("InteractiveBrowserBrokerCredential", &credential);

    let unbound: [fn(&mut BrokerToken); 3] = [
        |_| {},
        |token| {
            token.token_type = "pop".into();
            token.is_signed_request = true;
        },
        |token| {
            token.token_type = "Bearer".into();
            token.is_signed_request = true;
            token.access_token = Secret::new(signed());
        },
    ];
    for change in unbound {
        let broker = Planted::new(scene, &client_id, change);
        let credential = InteractiveBrowserBrokerCredential::new(broker, Some(options())).unwrap();
        let token = credential.get_token_info(&[SCOPE], Some(bound())).await;
        scene.error("broker", &token.unwrap_err());
    }
}

const NONCE: &str = "what-the-resource-sent";

/// The signatures of a request, and of the token in it.
const AROUND: &str = "signature-of-the-brokers-around-a-request";
const WITHIN: &str = "signature-of-the-authoritys-within-a-request";

/// A request that the broker signs by a key of its own.
fn signed() -> String {
    let [header, claims] = [
        json!({"alg": "RS256", "typ": "pop", "kid": "theirs"}),
        json!({"cnf": {"kid": "theirs"}}),
    ]
    .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let body = json!({
        "at": format!("e30.{claims}.{WITHIN}"), "ts": OffsetDateTime::now_utc().unix_timestamp(),
        "m": "GET", "u": "resource.example", "p": "/me", "nonce": NONCE, "cnf": {"kid": "theirs"},
    });
    let body = BASE64_URL_SAFE_NO_PAD.encode(body.to_string());
    format!("{header}.{body}.{AROUND}")
}

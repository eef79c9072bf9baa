//! A service principal in the environment.

use super::*;

#[tokio::test(start_paused = true)]
async fn incomplete_configuration_of_the_environment_names_what_is_missing() {
    let scene = Scene::new(laptop).await;
    for (variables, missing) in [
        (&SERVICE_PRINCIPAL[..1], "AZURE_CLIENT_ID is not set"),
        (&SERVICE_PRINCIPAL[1..], "AZURE_TENANT_ID is not set"),
        (
            &SERVICE_PRINCIPAL[..2],
            "AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are not set",
        ),
    ] {
        let variables = [
            variables,
            &[("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")],
        ]
        .concat();
        let error = scene.error(&variables).await;
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn client_secret_configuration() {
    let scene = Scene::new(|_| issued("of-the-application")).await;
    let credential = scene.credential(&SERVICE_PRINCIPAL);
    assert_eq!(token(&credential).await.unwrap(), "of-the-application");
    let seen = scene.machine.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].url.as_str(),
        format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token")
    );
    assert_eq!(seen[0].form_value("client_secret"), Some("its-secret"));
    assert_eq!(seen[0].form_value("scope"), Some(SCOPE));
    assert!(!format!("{credential:?}").contains("its-secret"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_application_ends_the_chain_with_the_authoritys_word() {
    let scene = Scene::new(|_| {
        let body = r#"{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: Invalid client secret."}"#;
        Fate::Answered(401, body.into())
    })
    .await;
    let error = scene.error(&SERVICE_PRINCIPAL).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = error.to_string();
    assert!(
        text.starts_with("DefaultAzureCredential was stopped by EnvironmentCredential: "),
        "{text}"
    );
    assert!(text.contains("AADSTS7000215"), "{text}");
    assert!(!text.contains("its-secret"), "{text}");
    assert_eq!(scene.machine.seen().len(), 1);
}

#[cfg(not(feature = "client-certificate"))]
#[tokio::test(start_paused = true)]
async fn a_certificate_without_its_feature_is_told() {
    let scene = Scene::new(laptop).await;
    let mut variables = SERVICE_PRINCIPAL.to_vec();
    variables[2] = ("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere.pfx");
    let error = scene.error(&variables).await;
    assert!(
        error.to_string().contains("`client-certificate`"),
        "{error}"
    );
}

#[cfg(feature = "client-certificate")]
mod certificates {
    use super::*;
    use openssl::{
        asn1::Asn1Time, hash::MessageDigest, pkcs12::Pkcs12, pkey::PKey, rsa::Rsa, symm::Cipher,
        x509::X509,
    };

    /// Writes what `form` makes of a key and its certificate, and gets a token with it.
    async fn with_certificate(
        password: Option<&str>,
        form: impl Fn(&PKey<openssl::pkey::Private>, &X509) -> Vec<u8>,
    ) -> Result<Vec<Seen>, Error> {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let mut certificate = X509::builder().unwrap();
        certificate.set_pubkey(&key).unwrap();
        certificate
            .set_not_before(&Asn1Time::days_from_now(0).unwrap())
            .unwrap();
        certificate
            .set_not_after(&Asn1Time::days_from_now(1).unwrap())
            .unwrap();
        certificate.sign(&key, MessageDigest::sha256()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("certificate");
        std::fs::write(&file, form(&key, &certificate.build())).unwrap();
        let scene = Scene::new(|_| issued("of-the-application")).await;
        let mut variables = SERVICE_PRINCIPAL.to_vec();
        variables[2] = ("AZURE_CLIENT_CERTIFICATE_PATH", file.to_str().unwrap());
        variables.push(("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential"));
        variables.extend(password.map(|it| ("AZURE_CLIENT_CERTIFICATE_PASSWORD", it)));
        token(&scene.credential(&variables)).await?;
        Ok(scene.machine.seen())
    }

    fn pem(key: &[u8], certificate: &X509) -> Vec<u8> {
        [key, &certificate.to_pem().unwrap()].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn certificate_configuration() {
        let as_pem = |key: &PKey<_>, certificate: &X509| {
            pem(&key.private_key_to_pem_pkcs8().unwrap(), certificate)
        };
        let as_pkcs12 = |key: &PKey<_>, certificate: &X509| {
            let mut builder = Pkcs12::builder();
            builder.pkey(key).cert(certificate);
            builder.build2("").unwrap().to_der().unwrap()
        };
        for seen in [
            with_certificate(None, as_pem).await.unwrap(),
            with_certificate(None, as_pkcs12).await.unwrap(),
        ] {
            assert_eq!(seen[0].form_value("client_id"), Some("an-application"));
            assert!(seen[0].form_value("client_assertion").is_some());
        }
        let error = with_certificate(None, |_, certificate| certificate.to_pem().unwrap()).await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("no private key"), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn certificate_with_password_configuration() {
        let locked = |key: &PKey<openssl::pkey::Private>, certificate: &X509| {
            let cipher = Cipher::aes_256_cbc();
            let key = key.private_key_to_pem_pkcs8_passphrase(cipher, b"a-password");
            pem(&key.unwrap(), certificate)
        };
        with_certificate(Some("a-password"), locked).await.unwrap();
        for password in [None, Some("another")] {
            let text = with_certificate(password, locked)
                .await
                .unwrap_err()
                .to_string();
            assert!(text.contains("its password is another one"), "{text}");
        }
    }
}

#[cfg(feature = "username-password")]
const PERSON: [(&str, &str); 3] = [
    ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"),
    ("AZURE_USERNAME", "tester@contoso.example"),
    ("AZURE_PASSWORD", "not-a-secret"),
];

#[cfg(feature = "username-password")]
#[tokio::test(start_paused = true)]
async fn username_password_configuration() {
    for tenant in [None, Some("contoso.example")] {
        let scene = Scene::new(|seen| match seen.url.path() {
            path if path.contains("/userrealm/") => Fate::Answered(404, String::new()),
            _ => issued("of-the-person"),
        })
        .await;
        let mut variables = PERSON.to_vec();
        variables.extend(tenant.map(|tenant| ("AZURE_TENANT_ID", tenant)));
        let credential = scene.credential(&variables);
        let error = token(&credential).await.unwrap_err();
        // The reply says not who signed in, so it is no sign-in of a person.
        assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
        assert!(
            error.to_string().contains("EnvironmentCredential"),
            "{error}"
        );
        let seen = scene.machine.seen();
        let last = seen.last().unwrap();
        let tenant = tenant.unwrap_or("organizations");
        assert!(
            last.url.path().starts_with(&format!("/{tenant}/")),
            "{}",
            last.url
        );
        for (name, value) in [
            ("grant_type", "password"),
            ("username", "tester@contoso.example"),
            ("password", "not-a-secret"),
        ] {
            assert_eq!(last.form_value(name), Some(value));
        }
        assert!(!format!("{credential:?}{error:?}").contains("not-a-secret"));
    }
}

#[cfg(feature = "username-password")]
#[tokio::test(start_paused = true)]
async fn an_application_counts_before_a_person() {
    let scene = Scene::new(|_| issued("of-the-application")).await;
    let variables = [&SERVICE_PRINCIPAL[..], &PERSON[1..]].concat();
    let credential = scene.credential(&variables);
    assert_eq!(token(&credential).await.unwrap(), "of-the-application");
}

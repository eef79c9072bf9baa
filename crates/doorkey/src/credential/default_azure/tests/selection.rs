//! Which links there are: the variable, and the options that beat it.

use super::*;

#[tokio::test(start_paused = true)]
async fn exclude_options_take_each_link_out() {
    let scene = Scene::new(laptop).await;
    type Exclude = fn(&mut DefaultAzureCredentialOptions);
    let cases: [(&[&str], Exclude); 6] = [
        (&ALL[0..=0], |options| {
            options.exclude_environment_credential = Some(true);
        }),
        (&ALL[1..=1], |options| {
            options.exclude_workload_identity_credential = Some(true);
        }),
        (&ALL[2..=2], |options| {
            options.exclude_managed_identity_credential = Some(true);
        }),
        (&ALL[3..=3], |options| {
            options.exclude_shared_token_cache_credential = Some(true);
        }),
        (&ALL[5..=6], |options| {
            options.exclude_cli_credential = Some(true);
        }),
        (&ALL[8..], |options| {
            options.exclude_developer_cli_credential = Some(true);
        }),
    ];
    let mut everything = scene.options.clone();
    for (names, exclude) in cases {
        let mut options = scene.options.clone();
        exclude(&mut options);
        exclude(&mut everything);
        let seams = scene.entra.seams(&[]);
        let credential = DefaultAzureCredential::with_seams(options, &seams).unwrap();
        let error = token(&credential).await.unwrap_err();
        let rest: Vec<_> = ALL
            .into_iter()
            .filter(|other| !names.contains(other))
            .collect();
        assert_eq!(attempts(&error), rest);
    }
    let error = refused(everything, &[]);
    assert!(error.to_string().contains("excluded"), "{error}");
}

#[test]
fn require_envvar_raises_error_when_envvar_missing() {
    let options = DefaultAzureCredentialOptions {
        require_envvar: true,
        ..Default::default()
    };
    for variables in [&[][..], &[("AZURE_TOKEN_CREDENTIALS", " ")]] {
        let error = refused(options.clone(), variables);
        assert!(
            error.to_string().contains("AZURE_TOKEN_CREDENTIALS"),
            "{error}"
        );
    }
    let seams = crate::seams::Seams {
        environment: crate::seams::Environment::of(&[("AZURE_TOKEN_CREDENTIALS", "prod")]),
        ..Default::default()
    };
    DefaultAzureCredential::with_seams(options, &seams).unwrap();
}

async fn selected(value: &str) -> Vec<String> {
    let scene = Scene::new(laptop).await;
    attempts(&scene.error(&[("AZURE_TOKEN_CREDENTIALS", value)]).await)
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_dev() {
    assert_eq!(selected("dev").await, ALL[3..]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_prod() {
    assert_eq!(selected("prod").await, ALL[..3]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_case_insensitive() {
    for value in ["PROD", "pRoD", "  prod\n"] {
        assert_eq!(selected(value).await, ALL[..3], "{value}");
    }
}

#[test]
fn token_credentials_env_invalid() {
    for value in ["dev,prod", "none", "credential"] {
        let error = refused(Default::default(), &[("AZURE_TOKEN_CREDENTIALS", value)]);
        let text = error.to_string();
        assert!(
            text.contains("dev, prod, or one of EnvironmentCredential"),
            "{text}"
        );
    }
}

#[test]
fn token_credentials_env_invalid_specific_credential() {
    for value in [
        "SharedTokenCacheCredential",
        "BrokerCredential",
        "DeviceCodeCredential",
    ] {
        refused(Default::default(), &[("AZURE_TOKEN_CREDENTIALS", value)]);
    }
    for value in ["VisualStudioCodeCredential", "azurepowershellcredential"] {
        let error = refused(Default::default(), &[("AZURE_TOKEN_CREDENTIALS", value)]);
        assert!(
            error.to_string().contains("does not exist in Rust"),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_workload_identity_credential() {
    assert_eq!(selected("WorkloadIdentityCredential").await, [ALL[1]]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_environment_credential() {
    assert_eq!(selected("EnvironmentCredential").await, [ALL[0]]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_azure_cli_credential() {
    assert_eq!(selected("AzureCliCredential").await, ALL[5..=6]);
    assert_eq!(selected("AzureDeveloperCliCredential").await, [ALL[8]]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_specific_credential_case_insensitive() {
    assert_eq!(selected(" azureCLIcredential").await, ALL[5..=6]);
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_managed_identity_credential_and_imds_credential_skips_probe_when_token_credentials_env_set()
 {
    let scene = Scene::new(metadata_service).await;
    let credential = scene.credential(&[("AZURE_TOKEN_CREDENTIALS", "managedidentitycredential")]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-machine");
    let seen = scene.seen_by(METADATA);
    assert_eq!(seen.len(), 1, "no probe");
    assert!(
        seen[0]
            .headers
            .get_optional_str(&"metadata".into())
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn token_credentials_env_with_exclude_and_user_exclude_flags_override_env_var() {
    let mut scene = Scene::new(laptop).await;
    let prod = [("AZURE_TOKEN_CREDENTIALS", "prod")];
    scene.options.exclude_managed_identity_credential = Some(true);
    assert_eq!(attempts(&scene.error(&prod).await), ALL[..2]);
    scene.options.exclude_cli_credential = Some(false);
    assert_eq!(
        attempts(&scene.error(&prod).await),
        [ALL[0], ALL[1], ALL[5], ALL[6]]
    );
}

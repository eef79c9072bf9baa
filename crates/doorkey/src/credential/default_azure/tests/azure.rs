//! The identities of machines in Azure.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_workload_identity_exchanges_kubernetes_token_for_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "kubernetes-token").unwrap();
    let mut scene = Scene::new(|_| issued("of-the-workload")).await;
    let credential = scene.credential(&[
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", "an-application"),
        ("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap()),
    ]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-workload");
    let seen = scene.machine.seen();
    assert_eq!(
        seen[0].form_value("client_assertion"),
        Some("kubernetes-token")
    );
    assert_eq!(seen[0].form_value("client_id"), Some("an-application"));

    scene.options.workload_identity_client_id = Some("another".into());
    scene.options.workload_identity_tenant_id = Some("contoso.example".into());
    let file = [("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap())];
    token(&scene.credential(&file)).await.unwrap();
    let seen = scene.machine.seen();
    assert_eq!(seen[1].form_value("client_id"), Some("another"));
    assert!(seen[1].url.path().starts_with("/contoso.example/"));
}

#[tokio::test(start_paused = true)]
async fn managed_identity_imds_probe_finds_the_service_and_asks_it() {
    let scene = Scene::new(metadata_service).await;
    let credential = scene.credential(&[]);
    assert_eq!(token(&credential).await.unwrap(), "of-the-machine");
    token(&credential).await.unwrap();
    let seen = scene.seen_by(METADATA);
    assert_eq!(
        seen.len(),
        2,
        "a probe and a question; the second time it is known"
    );
    assert!(
        seen[0]
            .headers
            .get_optional_str(&"metadata".into())
            .is_none()
    );
    assert_eq!(
        seen[1].query_value("resource").as_deref(),
        Some("https://storage.azure.com")
    );
    assert_eq!(seen[1].query_value("client_id"), None);
}

#[tokio::test(start_paused = true)]
async fn managed_identity_failed_probe_takes_a_second_at_most() {
    let began = tokio::time::Instant::now();
    let scene = Scene::new(laptop).await;
    let prod = [("AZURE_TOKEN_CREDENTIALS", "prod")];
    let error = scene.error(&prod).await;
    assert!(
        error.to_string().contains("no virtual machine of Azure"),
        "{error}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    // A proxy that cannot reach the address is not the service.
    for status in [403, 502, 503, 200] {
        let scene = Scene::new(move |_| Fate::Answered(status, "<html>".into())).await;
        let error = scene.error(&prod).await;
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn managed_identity_client_id_by_option_before_the_variable() {
    let mut scene = Scene::new(metadata_service).await;
    let variables = [("AZURE_CLIENT_ID", "by-variable")];
    token(&scene.credential(&variables)).await.unwrap();
    scene.options.managed_identity_client_id = Some("by-option".into());
    token(&scene.credential(&variables)).await.unwrap();
    let asked: Vec<_> = scene
        .seen_by(METADATA)
        .iter()
        .filter_map(|seen| seen.query_value("client_id"))
        .collect();
    assert_eq!(asked, ["by-variable", "by-option"]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_without_an_identity_leaves_the_chain_to_the_developer() {
    let scene = Scene::new(|seen| match seen.url.host_str() {
        Some(METADATA) => Fate::Answered(400, r#"{"error":"invalid_request"}"#.into()),
        _ => Fate::EntraId,
    })
    .await;
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let token = token(&scene.credential(&[])).await.unwrap();
    assert_eq!(claim(&token, "upn"), person.as_str());
}

#[tokio::test(start_paused = true)]
async fn a_metadata_service_that_refuses_ends_the_chain() {
    let scene = Scene::new(
        |seen| match seen.headers.get_optional_str(&"metadata".into()) {
            None => Fate::Answered(400, String::new()),
            Some(_) => Fate::Answered(403, "forbidden".into()),
        },
    )
    .await;
    let error = scene.error(&[]).await;
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(
        error
            .to_string()
            .contains("stopped by ManagedIdentityCredential"),
        "{error}"
    );
    assert_eq!(attempts(&error), ALL[..2]);
}

/// The official crate reads the variables of the process, so this test is one of its own.
#[test]
fn app_service_is_asked_with_its_header_and_validate_cloud_shell_credential_in_dac_is_told() {
    const CHILD: &str = "DOORKEY_TEST_CHILD";
    let Ok(case) = std::env::var(CHILD) else {
        for (case, variables) in [
            (
                "app-service",
                [
                    ("IDENTITY_ENDPOINT", "http://localhost:1/msi"),
                    ("IDENTITY_HEADER", "a-header"),
                ],
            ),
            (
                "cloud-shell",
                [("MSI_ENDPOINT", "http://localhost:1/msi"), ("UNUSED", "")],
            ),
        ] {
            let test = format!("{}::app_service_is_asked", module_path!());
            let test = test.split_once("::").unwrap().1;
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args([test, "--test-threads=1"])
                .env(CHILD, case)
                .envs(variables)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && said.contains("1 passed"),
                "{case}: {said}"
            );
        }
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let scene = Scene::new(|_| issued("of-the-app")).await;
        let seams = crate::seams::Seams::default();
        let credential = DefaultAzureCredential::with_seams(scene.options.clone(), &seams).unwrap();
        if case == "app-service" {
            assert_eq!(token(&credential).await.unwrap(), "of-the-app");
            let seen = scene.machine.seen();
            assert_eq!(seen.len(), 1, "no probe");
            assert_eq!(
                seen[0]
                    .headers
                    .get_optional_str(&"x-identity-header".into()),
                Some("a-header")
            );
        } else {
            let error = token(&credential).await.unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("CloudShell managed identity isn't supported"),
                "{error}"
            );
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_variable_that_is_wrong_is_an_attempt_and_a_line_break_behind_it_is_nothing() {
    let scene = Scene::new(metadata_service).await;
    let variables = [
        ("AZURE_TENANT_ID", "no/tenant"),
        ("AZURE_CLIENT_ID", "an-id\n"),
    ];
    assert_eq!(
        token(&scene.credential(&variables)).await.unwrap(),
        "of-the-machine"
    );
    let asked = scene.seen_by(METADATA);
    assert_eq!(asked[1].query_value("client_id").as_deref(), Some("an-id"));
    let scene = Scene::new(laptop).await;
    let error = scene.error(&variables).await;
    assert_eq!(attempts(&error), ALL);
    assert!(
        error
            .to_string()
            .contains("SharedTokenCacheCredential: AZURE_TENANT_ID or another"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_identity_endpoint_alone_makes_no_app_service() {
    let scene = Scene::new(laptop).await;
    let began = tokio::time::Instant::now();
    let variables = [
        ("IDENTITY_ENDPOINT", "http://localhost:1"),
        ("AZURE_TOKEN_CREDENTIALS", "prod"),
    ];
    let error = scene.error(&variables).await;
    assert!(
        error.to_string().contains("no virtual machine of Azure"),
        "{error}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(1));
}

//! The programs of developers.

use super::*;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

const AZ: &str = r#"echo '{"accessToken":"of-az","expires_on":4102444800,"tokenType":"Bearer"}'"#;
const AZD: &str = r#"echo '{"token":"of-azd","expiresOn":"2099-01-01T00:00:00Z"}'"#;

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}.calls\n{script}\n",
        path.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
}

fn calls(folder: &Path, name: &str) -> Vec<String> {
    let calls = fs::read_to_string(folder.join(format!("{name}.calls"))).unwrap_or_default();
    calls.lines().map(str::to_owned).collect()
}

/// Only the tools, in the time of the system, by which their processes live.
async fn scene() -> (Scene, tempfile::TempDir, String) {
    let mut scene = Scene::new(laptop).await;
    scene.options.exclude_environment_credential = Some(true);
    scene.options.exclude_workload_identity_credential = Some(true);
    scene.options.exclude_managed_identity_credential = Some(true);
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    (scene, folder, path)
}

#[tokio::test]
async fn az_is_started_once_for_many_requests() {
    let (scene, folder, path) = scene().await;
    program(folder.path(), "az", AZ);
    program(folder.path(), "azd", AZD);
    let credential = scene.credential(&[("PATH", &path)]);
    let all = futures_util::future::join_all((0..10).map(|_| token(&credential))).await;
    assert!(
        all.iter()
            .all(|token| token.as_ref().is_ok_and(|token| token == "of-az"))
    );
    let calls_of_az = calls(folder.path(), "az");
    assert_eq!(
        calls_of_az,
        [format!("account get-access-token -o json --scope {SCOPE}")]
    );
    assert!(calls(folder.path(), "azd").is_empty());
    assert!(!format!("{credential:?}").contains("of-az"));
}

#[tokio::test]
async fn a_tool_that_fails_leaves_the_chain_to_the_next_and_is_told_of() {
    let (scene, folder, path) = scene().await;
    let failing = "echo 'ERROR: Please run az login to setup account.' >&2; exit 1";
    program(folder.path(), "az", failing);
    let variables = [("PATH", path.as_str())];
    let error = scene.error(&variables).await;
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(
        error
            .to_string()
            .contains("Please run az login to setup account."),
        "{error}"
    );
    program(folder.path(), "azd", AZD);
    assert_eq!(
        token(&scene.credential(&variables)).await.unwrap(),
        "of-azd"
    );
    program(folder.path(), "az", "echo '<html>'");
    assert_eq!(
        token(&scene.credential(&variables)).await.unwrap(),
        "of-azd"
    );
}

#[tokio::test]
async fn process_timeout_ends_a_tool_that_hangs_with_all_its_processes() {
    let (mut scene, folder, path) = scene().await;
    scene.options.process_timeout = Some(Duration::from_secs(1));
    program(
        folder.path(),
        "az",
        "sleep 300 & echo $! > \"$0.pid\"; wait",
    );
    let error = scene.error(&[("PATH", &path)]).await;
    assert!(error.to_string().contains("`process_timeout`"), "{error}");
    let pid = fs::read_to_string(folder.path().join("az.pid")).unwrap();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    // It is asked to end before the error is told; what reaps it is the system.
    let state = || fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let is_there = || state().is_ok_and(|state| !state.contains(") Z"));
    for _ in 0..1_000 {
        if !is_there() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{pid:?} is still there");
}

#[test]
fn process_timeout_default_is_ten_seconds_and_none_at_all_is_refused() {
    assert_eq!(super::super::PROCESS_TIMEOUT, Duration::from_secs(10));
    let options = DefaultAzureCredentialOptions {
        process_timeout: Some(Duration::ZERO),
        ..Default::default()
    };
    refused(options, &[]);
}

#[tokio::test]
async fn a_sign_in_that_is_there_comes_before_the_tools() {
    let (scene, folder, path) = scene().await;
    program(folder.path(), "az", AZ);
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let token = token(&scene.credential(&[("PATH", &path)])).await.unwrap();
    assert_eq!(claim(&token, "upn"), person.as_str());
    assert!(calls(folder.path(), "az").is_empty());
}

/// Every set of links that work here: the first of them in the chain's order answers, and where there
/// is none, each says why.
#[tokio::test]
async fn in_every_combination_the_first_that_works_answers() {
    let is_virtual_machine = Arc::new(AtomicBool::new(false));
    let metadata = Arc::clone(&is_virtual_machine);
    let mut scene = Scene::new(move |seen| match seen.url.host_str() {
        Some(METADATA) if metadata.load(Ordering::Relaxed) => metadata_service(seen),
        Some(METADATA) => Fate::Answered(403, String::new()),
        _ if seen.form_value("client_secret").is_some() => issued("of-the-application"),
        _ if seen.form_value("client_assertion").is_some() => issued("of-the-workload"),
        _ => Fate::EntraId,
    })
    .await;
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let signed_in = scene.options.client.cache_persistence.clone();
    let nobody = Some(TokenCachePersistenceOptions {
        store: Some(Arc::new(MemoryStore::new())),
        ..Default::default()
    });
    let of_person = token(&scene.credential(&[])).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("kubernetes"), "a-token").unwrap();
    for (name, script) in [("az", AZ), ("azd", AZD)] {
        fs::create_dir(file(&format!("{name}-folder"))).unwrap();
        program(&folder.path().join(format!("{name}-folder")), name, script);
    }
    let answers = [
        "of-the-application",
        "of-the-workload",
        "of-the-machine",
        of_person.as_str(),
        "of-az",
        "of-azd",
    ];
    for set in 0..(1_u32 << answers.len()) {
        let works = |link: usize| set & (1 << link) != 0;
        let mut variables = Vec::new();
        if works(0) || works(1) {
            variables.extend(SERVICE_PRINCIPAL[..2].iter().copied());
        }
        if works(0) {
            variables.push(SERVICE_PRINCIPAL[2]);
        }
        let kubernetes = file("kubernetes");
        if works(1) {
            variables.push(("AZURE_FEDERATED_TOKEN_FILE", kubernetes.as_str()));
        }
        is_virtual_machine.store(works(2), Ordering::Relaxed);
        scene.options.client.cache_persistence = if works(3) {
            signed_in.clone()
        } else {
            nobody.clone()
        };
        let mut path = "/usr/bin:/bin".to_owned();
        for (link, name) in [(4, "az"), (5, "azd")] {
            if works(link) {
                path = format!("{}:{path}", file(&format!("{name}-folder")));
            }
        }
        variables.push(("PATH", path.as_str()));
        let first = (0..answers.len()).find(|link| works(*link));
        let outcome = token(&scene.credential(&variables)).await;
        match first {
            Some(first) => assert_eq!(outcome.unwrap(), answers[first], "{set:06b}"),
            None => {
                let error = outcome.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
                assert_eq!(attempts(&error), ALL);
            }
        }
    }
}

#[tokio::test]
async fn a_tool_that_takes_one_scope_is_not_asked_for_two() {
    let (scene, folder, path) = scene().await;
    program(folder.path(), "az", AZ);
    let credential = scene.credential(&[("PATH", &path)]);
    let error = credential
        .get_token(&["a/x", "a/y"], None)
        .await
        .unwrap_err();
    let error = Error::find(&error).unwrap();
    assert!(
        error
            .to_string()
            .contains("`az` gives a token for one scope"),
        "{error}"
    );
    assert!(calls(folder.path(), "az").is_empty());
}

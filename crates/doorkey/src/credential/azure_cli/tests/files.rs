//! Its files: settings, clouds, and a profile that is being written.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_cloud_of_az_is_the_authority_and_another_one_is_refused() {
    let mut az = Az::new().await;
    let username = az.entra.username(0);
    let tenant = az.login(&username).await;
    az.write(
        "config",
        "[cloud]\nname = Mine\n[core]\ninstance_discovery = false\n",
    );
    az.write(
        "clouds.config",
        "[Mine]\nendpoint_active_directory = https://login.mine.example:8443/\n",
    );
    az.profile(&username, &tenant, "Mine");
    let error = token(&*az.credential(), SCOPE).await.unwrap_err();
    // Its tokens are another authority's.
    assert_eq!(error.kind(), ErrorKind::AuthenticationRequired);
    az.write("clouds.config", "");
    let error = token(&*az.credential(), SCOPE).await.unwrap_err();
    assert!(
        error.to_string().contains("`endpoint_active_directory`"),
        "{error}"
    );

    az.write("config", "");
    az.profile(&username, &tenant, "AzureCloud");
    let variables = [("AZURE_AUTHORITY_HOST", "login.microsoftonline.us")];
    let error = token(&*az.credential_with(&variables), MANAGEMENT)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(
        error.to_string().contains("login.microsoftonline.us"),
        "{error}"
    );
    az.options.client.authority = Some("login.windows.net".into());
    token(&*az.credential_with(&variables), MANAGEMENT)
        .await
        .unwrap();
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_cache_in_a_keyring_is_left_to_az() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let variables = [("AZURE_CORE_ENCRYPT_TOKEN_CACHE", "true")];
    let error = token(&*az.credential_with(&variables), MANAGEMENT)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
    assert!(
        error.to_string().contains("`core.encrypt_token_cache`"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_was_cut_for_good_is_an_error_of_the_first_call() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let running = az.credential();
    token(&*running, MANAGEMENT).await.unwrap();
    let whole = fs::read_to_string(az.folder.path().join("azureProfile.json")).unwrap();
    for cut in [0, 3, whole.len() / 2, whole.len() - 1] {
        az.write("azureProfile.json", &whole[..cut]);
        let error = token(&*az.credential(), MANAGEMENT).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CredentialUnavailable);
        token(&*running, MANAGEMENT).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn secrets_in_the_configuration_of_az_are_not_in_the_debug_text() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    // `az config set storage.connection_string=…`, as its documentation shows.
    az.write(
        "config",
        "[storage]\nconnection_string = AccountName=a;AccountKey=c2VjcmV0\n",
    );
    let credential = az.credential();
    token(&*credential, MANAGEMENT).await.unwrap();
    assert!(!format!("{credential:?}").contains("c2VjcmV0"));
}

#[tokio::test(start_paused = true)]
async fn a_running_program_keeps_its_sign_in_while_az_writes_its_profile() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let credential = az.credential();
    let before = token(&*credential, SCOPE).await.unwrap();
    let whole = fs::read_to_string(az.folder.path().join("azureProfile.json")).unwrap();
    // `az account set` truncates it, then writes it.
    az.write("azureProfile.json", "");
    let meanwhile = token(&*credential, MANAGEMENT).await.map(drop);
    az.write("azureProfile.json", &whole);
    let is_kept = token(&*credential, SCOPE).await.unwrap() == before;
    assert!(is_kept, "what was fetched is gone");
    meanwhile.expect("it was signed in all the time");
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_being_written_is_waited_for() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let whole = fs::read_to_string(az.folder.path().join("azureProfile.json")).unwrap();
    az.write("azureProfile.json", &whole[..whole.len() / 2]);
    let credential = az.credential();
    let writer = async {
        turn_clock(Duration::from_millis(200)).await;
        az.write("azureProfile.json", &whole);
    };
    let (outcome, ()) = futures_util::join!(token(&*credential, MANAGEMENT), writer);
    outcome.expect("az was writing, and has written");
}

#[tokio::test(start_paused = true)]
async fn a_setting_of_az_that_changes_nothing_here_costs_no_token() {
    let az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    let credential = az.credential();
    let before = token(&*credential, SCOPE).await.unwrap();
    // az config set core.output=table
    az.write("config", "[core]\noutput = table\n");
    let is_kept = token(&*credential, SCOPE).await.unwrap() == before;
    assert!(is_kept, "what was fetched is gone");
}

/// `az account set` moves a `true` from one subscription to another: the length stays.
#[tokio::test(start_paused = true)]
async fn a_profile_written_twice_within_one_tick_is_seen_in_the_end() {
    let az = Az::new().await;
    let tenant = az.login(&az.entra.username(0)).await;
    let path = az.folder.path().join("azureProfile.json");
    let nearly_settled = SystemTime::now() - Duration::from_millis(1_800);
    let write = |name: &str| {
        az.profile(&az.entra.username(0), &tenant, "AzureCloud");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("A subscription", name)).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(nearly_settled).unwrap();
    };
    let credential = az.credential();
    let subscription = || credential.account().unwrap().subscription_name;
    write("First");
    assert_eq!(subscription(), "First");
    write("Other");
    while nearly_settled.elapsed().unwrap() < Duration::from_secs(2) {
        std::thread::yield_now();
    }
    assert_eq!(subscription(), "Other");
}

#[tokio::test(start_paused = true)]
async fn every_cloud_that_az_knows_without_being_told_is_known() {
    let az = Az::new().await;
    let username = az.entra.username(0);
    let tenant = az.login(&username).await;
    for cloud in ["AzureChinaCloud", "AzureUSGovernment", "AzureBleuCloud"] {
        az.write("config", &format!("[cloud]\nname = {cloud}\n"));
        az.profile(&username, &tenant, cloud);
        az.credential().account().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_subscription_is_none() {
    let mut az = Az::new().await;
    az.login(&az.entra.username(0)).await;
    az.options.subscription = Some(String::new());
    token(&*az.credential(), MANAGEMENT).await.unwrap();
}

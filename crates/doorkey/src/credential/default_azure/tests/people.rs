//! The sign-ins of people: in the shared cache, and in the browser.

use super::*;

#[tokio::test(start_paused = true)]
async fn default_credential_shared_cache_use() {
    let scene = Scene::new(laptop).await;
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let credential = scene.credential(&[]);
    let first = token(&credential).await.unwrap();
    assert_eq!(claim(&first, "upn"), person.as_str());
    assert_eq!(token(&credential).await.unwrap(), first);
    assert_eq!(scene.seen_by(METADATA).len(), 1, "once for the choice");
    assert_eq!(scene.entra.prompts(), 1, "that of the other program");
}

#[tokio::test(start_paused = true)]
async fn shared_cache_username_by_option_before_the_variable() {
    let mut scene = Scene::new(laptop).await;
    let (first, second) = (scene.entra.username(0), scene.entra.guest());
    scene.signed_in(&first).await;
    scene.signed_in(&second).await;
    let error = scene.error(&[]).await;
    assert!(
        error.to_string().contains("several people are signed in"),
        "{error}"
    );
    let variables = [("AZURE_USERNAME", first.as_str())];
    let upn = |token: String| claim(&token, "upn");
    assert_eq!(
        upn(token(&scene.credential(&variables)).await.unwrap()),
        first.as_str()
    );
    scene.options.shared_cache_username = Some(second.clone());
    assert_eq!(
        upn(token(&scene.credential(&variables)).await.unwrap()),
        second.as_str()
    );
}

#[tokio::test(start_paused = true)]
async fn shared_cache_tenant_id_by_option_before_the_variable() {
    let mut scene = Scene::new(laptop).await;
    let guest = scene.entra.guest();
    scene.signed_in(&guest).await;
    let users = scene.entra.emulator.users();
    let user = users.iter().find(|user| user.username == guest).unwrap();
    let (home, away) = (user.tenant_id.clone(), user.guest_in[0].tenant_id.clone());
    let variables = [("AZURE_TENANT_ID", home.as_str())];
    let tid = |token: String| claim(&token, "tid");
    assert_eq!(
        tid(token(&scene.credential(&variables)).await.unwrap()),
        home.as_str()
    );
    scene.options.shared_cache_tenant_id = Some(away.clone());
    assert_eq!(
        tid(token(&scene.credential(&variables)).await.unwrap()),
        away.as_str()
    );
}

#[tokio::test(start_paused = true)]
async fn interactive_browser_tenant_id_and_interactive_browser_client_id() {
    let mut scene = Scene::new(laptop).await;
    scene.options.include_interactive_browser = true;
    scene.options.interactive_browser_tenant_id = Some("contoso.example".into());
    scene.options.interactive_browser_client_id = Some("an-application".into());
    let opened = Arc::new(Mutex::new(Vec::new()));
    scene.options.interactive_browser_launcher = closed_browser(&opened);
    let variables = [("AZURE_TENANT_ID", TENANT)];
    let error = scene.error(&variables).await;
    assert_eq!(
        attempts(&error).last().unwrap(),
        "InteractiveBrowserCredential"
    );
    let url = opened.lock().unwrap()[0].clone();
    assert!(url.contains("/contoso.example/"), "{url}");
    assert!(url.contains("client_id=an-application"), "{url}");
    scene.options.interactive_browser_tenant_id = None;
    scene.error(&variables).await;
    let url = opened.lock().unwrap()[1].clone();
    assert!(url.contains(&format!("/{TENANT}/")), "{url}");
}

#[tokio::test(start_paused = true)]
async fn the_browser_is_the_last_resort_and_only_where_it_is_included() {
    let mut scene = Scene::new(laptop).await;
    scene.options.include_interactive_browser = true;
    let person = scene.entra.username(0);
    let pages = Arc::new(Mutex::new(Vec::new()));
    let conduct = Conduct::SignIn(person.clone());
    scene.options.interactive_browser_launcher = browser(&scene.entra.emulator, conduct, pages);
    let credential = scene.credential(&[]);
    let first = token(&credential).await.unwrap();
    assert_eq!(claim(&first, "upn"), person.as_str());
    // What it keeps is the shared cache's, where the next run finds it.
    scene.options.include_interactive_browser = false;
    assert_eq!(token(&scene.credential(&[])).await.unwrap(), first);
}

#[tokio::test(start_paused = true)]
async fn the_token_cache_of_az_comes_before_its_program() {
    let mut scene = Scene::new(laptop).await;
    let person = scene.entra.username(0);
    scene.signed_in(&person).await;
    let kept = scene.options.client.cache_persistence.as_ref().unwrap();
    let store = kept.store.clone().unwrap();
    let cache = store
        .load(&Partition::new("msal.cache", false))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let profile = serde_json::json!({"subscriptions": [{
        "id": "i", "name": "n", "isDefault": true, "environmentName": "AzureCloud",
        "tenantId": scene.entra.emulator.tenant_id(), "user": {"name": person, "type": "user"},
    }]});
    std::fs::write(folder.path().join("azureProfile.json"), profile.to_string()).unwrap();
    std::fs::write(folder.path().join("msal_token_cache.json"), cache.bytes).unwrap();
    scene.options.exclude_shared_token_cache_credential = Some(true);
    let variables = [
        ("AZURE_CONFIG_DIR", folder.path().to_str().unwrap()),
        ("AZURE_CORE_ENCRYPT_TOKEN_CACHE", "no"),
    ];
    let credential = scene.credential(&variables);
    let first = token(&credential).await.unwrap();
    assert_eq!(claim(&first, "upn"), person.as_str());
    let options = TokenInfoOptions {
        enable_cae: true,
        ..Default::default()
    };
    let scoped = credential.scoped(options);
    let revocable = scoped.get_token(&[SCOPE], None).await.unwrap();
    assert_eq!(claim(revocable.token.secret(), "upn"), person.as_str());
    // Those who exclude `az` mean both.
    scene.options.exclude_cli_credential = Some(true);
    let error = scene.error(&variables).await;
    assert!(!error.to_string().contains("AzureCli"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_the_shared_caches_person_may_not_ask_for_leaves_the_chain_to_the_next() {
    let mut scene = Scene::new(laptop).await;
    let person = scene.entra.username(0);
    scene.options.include_interactive_browser = true;
    scene.options.interactive_browser_tenant_id = Some("organizations".into());
    let conduct = Conduct::SignIn(person);
    let pages = Arc::new(Mutex::new(Vec::new()));
    scene.options.interactive_browser_launcher = browser(&scene.entra.emulator, conduct, pages);
    let credential = scene.credential(&[("AZURE_TENANT_ID", TENANT)]);
    let options = TokenInfoOptions {
        tenant_id: Some(scene.entra.emulator.tenant_id().to_owned()),
        ..Default::default()
    };
    let info = credential
        .get_token_info(&[SCOPE], Some(options))
        .await
        .unwrap();
    assert_eq!(
        claim(info.token.secret(), "tid"),
        scene.entra.emulator.tenant_id()
    );
}

#[tokio::test(start_paused = true)]
async fn of_several_people_the_one_at_home_in_the_tenant_is_meant() {
    let mut scene = Scene::new(laptop).await;
    let (first, second) = (scene.entra.username(0), scene.entra.guest());
    scene.signed_in(&first).await;
    scene.signed_in(&second).await;
    let users = scene.entra.emulator.users();
    let user = users.iter().find(|user| user.username == second).unwrap();
    scene.options.shared_cache_tenant_id = Some(user.tenant_id.clone());
    let token = token(&scene.credential(&[])).await.unwrap();
    assert_eq!(claim(&token, "upn"), second.as_str());
    scene.options.shared_cache_tenant_id = None;
    let error = scene.error(&[]).await;
    assert!(
        error.to_string().contains("`shared_cache_username`"),
        "{error}"
    );
}

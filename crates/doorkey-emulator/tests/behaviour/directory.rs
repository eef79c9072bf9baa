//! A directory of one's own.

use crate::client::*;
use doorkey_emulator::{Directory, Emulator};

#[tokio::test]
async fn it_replaces_the_built_in_one() {
    let text = Directory::BUILT_IN.replace("contoso.example", "wingtip.example");
    let directory = Directory::from_toml(&text).unwrap();
    let emulator = Emulator::builder()
        .directory(directory)
        .start()
        .await
        .unwrap();
    assert_eq!(emulator.users()[0].username, "adele@wingtip.example");
    let code = code(&emulator, "adele@wingtip.example", "wingtip.example", &[]).await;
    let path = "/wingtip.example/oauth2/v2.0/token";
    assert_eq!(post(&emulator, path, &redemption(&code)).await.status, 200);
    let path = "/contoso.example/v2.0/.well-known/openid-configuration";
    assert_eq!(get(&emulator, path).await.code(), 90002);
}

#[tokio::test]
async fn the_first_of_each_kind_is_what_the_emulator_shows() {
    let emulator = emulator().await;
    assert_eq!(emulator.client_id(), DEVELOPER);
    assert_eq!(emulator.tenant_id(), Directory::default().tenants()[0].id);
}

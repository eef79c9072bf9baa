//! Clicks and reads what AccessKit tells of the window.

use crate::{authority, sign_in};
use azure_core::http::{ClientOptions, Transport};
use desktop::{Desk, Window};
use doorkey::{MemoryStore, PublicClientOptions, TokenCachePersistenceOptions};
use doorkey_emulator::{Emulator, User};
use egui_kittest::{Harness, kittest::Queryable as _};
use std::{env, sync::Arc, time::Duration};
use tokio::{runtime::Handle, time::sleep};

struct Scene {
    emulator: Emulator,
    client: PublicClientOptions,
}

impl Scene {
    async fn new() -> Self {
        assert_eq!(
            env::var("BROWSER").as_deref(),
            Ok("none"),
            "run `cargo xtask test desktop`, which opens no browser of yours"
        );
        let emulator = authority().await;
        let pem = emulator.ca_certificate_pem().as_bytes();
        let http = reqwest::Client::builder()
            .add_root_certificate(reqwest::Certificate::from_pem(pem).expect("a certificate"))
            .no_proxy()
            .build()
            .expect("a client");
        let client = PublicClientOptions {
            authority: Some(emulator.authority().into()),
            disable_instance_discovery: true,
            cache_persistence: Some(TokenCachePersistenceOptions {
                store: Some(Arc::new(MemoryStore::new())),
                ..Default::default()
            }),
            client_options: ClientOptions {
                transport: Some(Transport::new(Arc::new(http))),
                ..Default::default()
            },
            ..Default::default()
        };
        Self { emulator, client }
    }

    /// The program, started once more.
    fn window(&self) -> Harness<'static, Window> {
        let desk = Desk::new(Handle::current(), self.client.clone(), || {});
        Harness::builder().build_state(
            |context, window: &mut Window| window.show(context),
            Window::new(desk),
        )
    }

    fn user(&self, name: &str) -> &User {
        let mut users = self.emulator.users().iter();
        users
            .find(|user| user.username.starts_with(name))
            .expect("somebody")
    }
}

/// Paints until the window shows it.
async fn until(window: &mut Harness<'static, Window>, shows: impl Fn(&Window) -> bool) {
    for _ in 0..1_000 {
        window.step();
        if shows(window.state()) {
            window.step();
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to that: {}", window.state().desk().notice());
}

fn click(window: &mut Harness<'static, Window>, label: &str) {
    window.get_by_label(label).click();
    window.step();
    window.step();
}

fn is_idle(window: &Window) -> bool {
    !window.desk().is_busy()
}

async fn add(scene: &Scene, window: &mut Harness<'static, Window>, button: &str, name: &str) {
    click(window, button);
    until(window, |window| window.desk().page().is_some()).await;
    window.get_by_label("Open the sign-in page");
    let page = window.state().desk().page().expect("a page").to_owned();
    sign_in(&scene.emulator, &page, scene.user(name)).await;
    until(window, is_idle).await;
    assert!(window.state().desk().page().is_none());
    window.get_by_label(&format!("{} signed in.", scene.user(name).username));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_sign_in_get_tokens_and_sign_out() {
    let scene = Scene::new().await;
    let mut window = scene.window();
    until(&mut window, is_idle).await;
    window.get_by_label("Nobody is signed in.");
    add(&scene, &mut window, "Sign in", "adele").await;
    add(&scene, &mut window, "Add another account", "gale").await;
    assert_eq!(window.state().desk().people().len(), 2);
    let adele = &scene.user("adele").username;
    for _ in 0..2 {
        click(&mut window, adele);
        assert_eq!(
            window.state().desk().person().expect("somebody").name(),
            adele
        );
        click(&mut window, "Get a token");
        until(&mut window, is_idle).await;
        window.get_by_label_contains("There is a token, good until 20");
        // The next run knows them both.
        window = scene.window();
        until(&mut window, |window| window.desk().people().len() == 2).await;
    }
    click(&mut window, adele);
    click(&mut window, "Sign out");
    until(&mut window, is_idle).await;
    assert!(window.query_by_label(adele).is_none());
    window.get_by_label(&scene.user("gale").username);
    window = scene.window();
    until(&mut window, |window| window.desk().people().len() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_cancelled_and_another_one_can_follow() {
    let scene = Scene::new().await;
    let mut window = scene.window();
    until(&mut window, is_idle).await;
    click(&mut window, "Sign in");
    until(&mut window, |window| window.desk().page().is_some()).await;
    click(&mut window, "Cancel");
    window.get_by_label("Cancelled.");
    window.get_by_label("Sign in");
    add(&scene, &mut window, "Sign in", "adele").await;
}

//! What a person does on the pages of the sign-in.

use crate::chromium::Chromium;
use doorkey_emulator::User;

impl Chromium {
    /// From the first page to the last one of somebody who just signs in.
    pub(crate) async fn sign_in(&self, user: &User) {
        self.give_name(user).await;
        self.give_password(&user.password).await;
    }

    pub(crate) async fn give_name(&self, user: &User) {
        self.shows("Sign in").await;
        self.fill("username", &user.username).await;
        self.press("next").await;
    }

    pub(crate) async fn give_password(&self, password: &str) {
        self.shows("Enter password").await;
        self.fill("password", password).await;
        self.press("signin").await;
    }

    /// Picks somebody who is signed in in this browser.
    pub(crate) async fn pick(&self, user: &User) {
        self.shows("Pick an account").await;
        self.press_at(&format!("[data-username='{}']", user.username))
            .await;
    }
}

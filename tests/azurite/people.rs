//! Who sits before the browsers and devices of these tests.

use crate::{net::Net, person::Person};
use doorkey::{BrowserLauncher, DeviceCodeInfo, Result};
use doorkey_emulator::{DeviceDecision, User};
use std::sync::Arc;

/// Signs in on the page at `url`, whose host is only known on the tests' internet.
pub(crate) async fn sign_in(net: &Net, url: &str, user: &User) {
    let emulator = net.emulator();
    let url = url.replace("https://login.microsoftonline.com", emulator.authority());
    let pem = emulator.ca_certificate_pem();
    let mut person = Person::new(&user.username, &user.password, pem).expect("a person");
    person.sign_in(&url).await.expect("they sign in");
}

/// A browser in which this person signs in.
pub(crate) fn browser(net: &Net, user: &User) -> BrowserLauncher {
    let (net, user) = (net.clone(), user.clone());
    BrowserLauncher::Callback(Arc::new(move |url| {
        let (net, user, url) = (net.clone(), user.clone(), url.to_owned());
        tokio::spawn(async move { sign_in(&net, &url, &user).await });
        Ok(())
    }))
}

/// Types the code that a program shows.
pub(crate) fn type_code(net: &Net, code: &str, user: &User) {
    let username = user.username.clone();
    let decision = DeviceDecision::Approve { username };
    let decided = net.emulator().decide_device_code(code, decision);
    decided.expect("the code is known");
}

#[expect(clippy::type_complexity, reason = "the library's own type")]
pub(crate) fn device(
    net: &Net,
    user: &User,
) -> Option<Arc<dyn Fn(&DeviceCodeInfo) -> Result<()> + Send + Sync>> {
    let (net, user) = (net.clone(), user.clone());
    Some(Arc::new(move |info| {
        type_code(&net, &info.user_code, &user);
        Ok(())
    }))
}

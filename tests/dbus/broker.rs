//! A broker that answers as it is told, by himmelblau's own library for the server side: so the names
//! and the signature of the interface are not ours.
//!
//! ```text
//! stand-in-broker FOLDER
//! ```
//!
//! `FOLDER/METHOD.json` is how that method is answered, one of
//!
//! ```json
//! { "reply": "a text, or any JSON, of which the text is made" }
//! { "error": ["the.name.of.a.D-Bus.Error", "its text"] }
//! { "dies": true }
//! ```
//!
//! with `"waits_for": "file"` the call is kept until that file is in `FOLDER`; or an array of them, for
//! one call after the other, of which the last stays. Without such a file it is not implemented. Each call is a line of JSON in `FOLDER/calls`. One call is answered after the
//! other, as the library does it.

#[cfg(target_os = "linux")]
mod linux {
    use identity_dbus_broker::{LogLevelCallbacks, SessionBroker, session_broker_serve};
    use serde_json::{Value, json};
    use std::{
        collections::HashMap,
        env, fs,
        io::Write as _,
        path::{Path, PathBuf},
        sync::Arc,
        thread,
        time::Duration,
    };

    struct StandIn {
        folder: PathBuf,
        /// How often each method was called.
        calls: HashMap<String, usize>,
    }

    impl StandIn {
        fn answer(
            &mut self,
            method: &str,
            version: &str,
            correlation_id: &str,
            message: &str,
        ) -> Result<String, dbus::MethodErr> {
            let message: Value = serde_json::from_str(message).unwrap_or(Value::Null);
            let call = json!({
                "method": method,
                "version": version,
                "correlationId": correlation_id,
                "message": message,
            });
            append(&self.folder.join("calls"), &format!("{call}\n"));
            let Ok(script) = fs::read(self.folder.join(format!("{method}.json"))) else {
                return Err(dbus::MethodErr::failed(&"Not implemented"));
            };
            let script: Value = serde_json::from_slice(&script).expect("the test wrote JSON");
            let earlier = self.calls.entry(method.to_owned()).or_default();
            let script = match script {
                Value::Array(mut each) => each.swap_remove((*earlier).min(each.len() - 1)),
                script => script,
            };
            *earlier += 1;
            if let Some(file) = script["waits_for"].as_str() {
                while !self.folder.join(file).exists() {
                    thread::sleep(Duration::from_millis(10));
                }
            }
            if script["dies"] == true {
                std::process::abort();
            }
            if let Some(error) = script["error"].as_array() {
                let text = |index: usize| error[index].as_str().unwrap_or_default().to_owned();
                return Err((text(0), text(1)).into());
            }
            Ok(match &script["reply"] {
                Value::String(text) => text.clone(),
                json => json.to_string(),
            })
        }
    }

    fn append(path: &Path, line: &str) {
        let file = fs::OpenOptions::new().create(true).append(true).open(path);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.expect("the call is written down");
    }

    macro_rules! methods {
        ($($name:ident = $method:literal),+ $(,)?) => {
            impl SessionBroker for StandIn {
                $(fn $name(
                    &mut self,
                    version: String,
                    correlation_id: String,
                    message: String,
                ) -> Result<String, dbus::MethodErr> {
                    self.answer($method, &version, &correlation_id, &message)
                })+
            }
        };
    }

    methods! {
        acquire_token_interactively = "acquireTokenInteractively",
        acquire_token_silently = "acquireTokenSilently",
        get_accounts = "getAccounts",
        remove_account = "removeAccount",
        acquire_prt_sso_cookie = "acquirePrtSsoCookie",
        generate_signed_http_request = "generateSignedHttpRequest",
        cancel_interactive_flow = "cancelInteractiveFlow",
        get_linux_broker_version = "getLinuxBrokerVersion",
    }

    pub(crate) async fn serve() {
        let stand_in = StandIn {
            folder: env::args_os().nth(1).expect("a folder").into(),
            calls: HashMap::new(),
        };
        let callbacks = LogLevelCallbacks {
            get: Arc::new(|| "info".to_owned()),
            set: Arc::new(|_| Ok(())),
        };
        // Until its bus ends, which is no error of a test.
        let _ = session_broker_serve(stand_in, "stand-in", callbacks).await;
    }
}

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "current_thread")]
async fn main() {
    linux::serve().await;
}

#[cfg(not(target_os = "linux"))]
fn main() {}

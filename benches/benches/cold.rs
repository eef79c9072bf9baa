//! A process that starts, finds a token in a persisted cache and prints it: the command, and
//! Python's azure-identity, on the same plain file.
//!
//! `cargo xtask bench` builds the command and provides Python.

use divan::Bencher;
use doorkey::{
    AuthenticateOptions, AuthenticationRecord, InteractiveCredential as _, PlainFileStore,
    TokenCachePersistenceOptions,
};
use doorkey_benches::{SCOPE, credential};
use std::{
    env,
    ffi::OsString,
    process::{Command, Stdio},
    sync::{Arc, LazyLock},
    time::Duration,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

#[derive(Clone, Copy, Debug)]
enum Whose {
    Doorkey,
    AzureIdentity,
}

/// Somebody has signed in, and the cache is in this home.
static SIGNED_IN: LazyLock<(TempDir, AuthenticationRecord)> = LazyLock::new(|| {
    let home = tempfile::tempdir().expect("a folder");
    let store = PlainFileStore::in_folder(home.path().join(".IdentityService"));
    let runtime = Runtime::new().expect("a runtime");
    let record = runtime.block_on(async {
        let credential = credential(Duration::ZERO, |options| {
            options.client.cache_persistence = Some(TokenCachePersistenceOptions {
                store: Some(Arc::new(store)),
                ..Default::default()
            });
        })
        .await;
        let options = AuthenticateOptions {
            scopes: vec![SCOPE.into()],
            ..Default::default()
        };
        credential
            .authenticate(Some(options))
            .await
            .expect("the person signs in")
    });
    (home, record)
});

const PYTHON: &str = "
import sys
from azure.identity import (
    AuthenticationRecord, DeviceCodeCredential, TokenCachePersistenceOptions
)
credential = DeviceCodeCredential(
    authentication_record=AuthenticationRecord.deserialize(sys.argv[2]),
    cache_persistence_options=TokenCachePersistenceOptions(allow_unencrypted_storage=True),
    disable_automatic_authentication=True,
    disable_instance_discovery=True,
)
import msal
# Its first call in each process asks for the authority's metadata, for which there is no network
# here: what is measured is the cache alone.
msal.authority.tenant_discovery = lambda *_, **__: {
    'authorization_endpoint': 'https://login.microsoftonline.com/' + sys.argv[3] + '/a',
    'token_endpoint': 'https://login.microsoftonline.com/' + sys.argv[3] + '/t',
    'issuer': 'https://login.microsoftonline.com/' + sys.argv[3] + '/v2.0',
}
print(credential.get_token(sys.argv[1]).token)
";

fn provided(variable: &str) -> OsString {
    env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask bench`"))
}

fn command(whose: Whose) -> Command {
    let (home, record) = &*SIGNED_IN;
    let mut command = match whose {
        Whose::Doorkey => {
            let mut command = Command::new(provided("DOORKEY_COMMAND"));
            command.args([
                "token",
                "--silent",
                "--allow-unencrypted-storage",
                "--scope",
                SCOPE,
            ]);
            command
        }
        Whose::AzureIdentity => {
            let mut command = Command::new(provided("DOORKEY_PYTHON"));
            command.args(["-c", PYTHON, SCOPE, &record.serialize(), &record.tenant_id]);
            command
        }
    };
    command
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null());
    command
}

#[divan::bench(args = [Whose::Doorkey, Whose::AzureIdentity], sample_count = 20, sample_size = 1)]
fn silent(bencher: Bencher<'_, '_>, whose: Whose) {
    bencher
        .with_inputs(|| command(whose))
        .bench_local_values(|mut command| {
            let output = command.output().expect("it starts");
            assert!(
                output.status.success() && output.stdout.len() > 100,
                "{whose:?}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        });
}

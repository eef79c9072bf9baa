//! The Secret Service of a Linux desktop: gnome-keyring, KWallet, KeePassXC.

use super::{
    CacheChange, CacheVersion, Partition, StoredCache, TokenCacheStore, file, lock, place::Folder,
    signal_file,
};
use crate::{
    cache::merge::merged,
    error::{Error, ErrorKind, Result},
    events,
    seams::Environment,
};
use async_trait::async_trait;
use secret_service::{Collection, EncryptionType, Item, SecretService};
use std::{collections::HashMap, path::PathBuf, time::Duration};
use zbus::address::{
    Address,
    transport::{Transport, Unix, UnixSocket},
};
use zeroize::Zeroizing;

/// A keyring that does not answer is given up after this time.
const TIMEOUT: Duration = Duration::from_secs(3);

/// What libsecret sets where it is given a text.
const CONTENT_TYPE: &str = "text/plain";

/// libsecret's name for a schema.
const SCHEMA: &str = "xdg:schema";

/// By these, msal-extensions for Python finds its item; the schema is the partition's file name.
const ATTRIBUTE: (&str, &str) = ("MsalClientID", "Microsoft.Developer.IdentityService");
const LABEL: &str = "MSALCache";

/// MSAL.NET's item has a schema of its own and one attribute more, and tells partitions by the
/// label alone.
const DOTNET_SCHEMA: &str = "msal.cache";
const DOTNET_ATTRIBUTE: (&str, &str) = ("Microsoft.Developer.IdentityService", "1.0.0.0");

/// Keeps a token cache where the Azure Identity libraries of other languages keep theirs.
///
/// The file of the partition's name beside is empty: every writer touches it, so that the others see
/// a change without asking the keyring. Where it is not empty, it is the plain cache of a time
/// before the keyring, and is moved into it.
#[derive(Clone, Debug)]
pub(super) struct SecretServiceStore {
    environment: Environment,
}

impl SecretServiceStore {
    pub(super) fn new(environment: Environment) -> Self {
        Self { environment }
    }

    fn signal(&self, partition: &Partition) -> Result<PathBuf> {
        Folder::Shared(self.environment.clone()).file(partition, "")
    }

    /// Does something with the keyring, which has to answer in time.
    async fn with_keyring<T>(
        &self,
        work: impl AsyncFnOnce(&SecretService<'_>) -> Result<T>,
    ) -> Result<T> {
        let addresses = self.bus_addresses()?;
        tokio::runtime::Handle::try_current().map_err(|error| {
            unavailable(
                "asking the keyring needs a Tokio runtime, and none is running here; call from \
                 within one",
            )
            .with_source(error)
        })?;
        let working = async {
            let connection = connect(addresses).await?;
            let keyring =
                SecretService::connect_with_existing(EncryptionType::Dh, connection).await;
            work(&keyring.map_err(failed)?).await
        };
        tokio::time::timeout(TIMEOUT, working)
            .await
            .unwrap_or_else(|_| {
                let seconds = TIMEOUT.as_secs();
                Err(unavailable(format!(
                    "the keyring (Secret Service) did not answer within {seconds} seconds; is it \
                     waiting for a dialog? Unlock or restart it"
                )))
            })
    }

    /// Where the session bus is, without asking it: where there is none, no socket is opened.
    fn bus_addresses(&self) -> Result<Vec<zbus::Result<Address>>> {
        if let Some(addresses) = self.environment.get("DBUS_SESSION_BUS_ADDRESS")? {
            let addresses = addresses.split(';').filter(|address| !address.is_empty());
            return Ok(addresses.map(str::parse).collect());
        }
        let socket = self.environment.get("XDG_RUNTIME_DIR")?;
        let socket = socket.map(|folder| PathBuf::from(folder).join("bus"));
        match socket.filter(|socket| socket.exists()) {
            // Not as a text, in which a folder's name can mean something else.
            Some(socket) => {
                let transport = Transport::Unix(Unix::new(UnixSocket::File(socket)));
                Ok(vec![Ok(transport.into())])
            }
            None => Err(unavailable(NO_BUS)),
        }
    }
}

#[async_trait]
impl TokenCacheStore for SecretServiceStore {
    async fn load(&self, partition: &Partition) -> Result<StoredCache> {
        // Before the item: what is written meanwhile is then read once too often, not too seldom.
        let signal = file::read(&self.signal(partition)?)?;
        let plain = Zeroizing::new(signal.bytes);
        let bytes = self
            .with_keyring(async |keyring| {
                let own = read(keyring, &own_attributes(partition.file_name())).await?;
                let other = read_dotnet(keyring, partition).await?;
                Ok(with(&with(&own, &plain), &other))
            })
            .await?;
        Ok(StoredCache::new(bytes.to_vec(), signal.version))
    }

    async fn version(&self, partition: &Partition) -> Result<CacheVersion> {
        file::version(&self.signal(partition)?)
    }

    async fn update(
        &self,
        partition: &Partition,
        change: &mut CacheChange<'_>,
    ) -> Result<CacheVersion> {
        let path = self.signal(partition)?;
        let _lock = lock::acquire(&path).await?;
        let seen = file::version(&path)?;
        let signal = file::read(&path)?;
        let plain = Zeroizing::new(signal.bytes);
        let done = self
            .with_keyring(async |keyring| {
                let attributes = own_attributes(partition.file_name());
                let own = read(keyring, &attributes).await?;
                check_writable(keyring).await?;
                let base = with(&own, &plain);
                // What was kept in plain is moved, even if nothing else is to be written.
                let moves = !is_empty(&plain) && base != own;
                let new = change(&base).map(Zeroizing::new);
                let new = new.or_else(|| moves.then_some(base));
                if let Some(new) = &new {
                    write(keyring, &attributes, LABEL, new).await?;
                    if moves && read(keyring, &attributes).await? != *new {
                        return Err(Error::new(
                            ErrorKind::Cache,
                            "the keyring does not give back what was put into it, so the plain \
                             token cache was left where it is",
                        ));
                    }
                }
                Ok(Done {
                    wrote: new.is_some(),
                    // Also what was moved before, and could not be emptied then.
                    moved: moves || (!is_empty(&plain) && merged(&own, &plain).is_some()),
                    has_other: !read_dotnet(keyring, partition).await?.is_empty(),
                })
            })
            .await?;
        if done.moved {
            match signal_file::truncate(&path, &seen) {
                // What was written meanwhile is moved the next time.
                Ok(emptied) => events::cache_moved(emptied),
                Err(error) => events::cache_not_emptied(&error),
            }
        }
        let version = if done.wrote {
            signal_file::touch(&path)?
        } else {
            file::version(&path)?
        };
        // What .NET has is not in what was written, so it has to be loaded again.
        Ok(if done.has_other {
            CacheVersion::from("without the other item")
        } else {
            version
        })
    }

    async fn set_aside(&self, partition: &Partition, damaged: &[u8]) -> Result<Option<String>> {
        let schema = format!("{}.damaged", partition.file_name());
        self.with_keyring(async |keyring| {
            write(keyring, &own_attributes(&schema), &schema, damaged).await
        })
        .await?;
        Ok(Some(format!("the keyring's item {schema}")))
    }
}

/// To the first of several addresses that answers
/// ([D-Bus specification](https://dbus.freedesktop.org/doc/dbus-specification.html#addresses)).
async fn connect(addresses: Vec<zbus::Result<Address>>) -> Result<zbus::Connection> {
    let mut failure = unavailable(NO_BUS);
    for address in addresses {
        let connection = match address.and_then(zbus::connection::Builder::address) {
            Ok(builder) => builder.build().await,
            Err(error) => Err(error),
        };
        match connection {
            Ok(connection) => return Ok(connection),
            Err(error) => failure = failure.with_source(error),
        }
    }
    Err(failure)
}

/// What an update did.
struct Done {
    wrote: bool,
    moved: bool,
    has_other: bool,
}

const NO_BUS: &str = "there is no D-Bus session here, and so no keyring (Secret Service): it is \
                      often missing by SSH, in containers and in services";

fn unavailable(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::CredentialUnavailable, message)
}

fn failed(error: secret_service::Error) -> Error {
    use secret_service::Error as Keyring;
    match error {
        Keyring::Locked | Keyring::Prompt | Keyring::PromptDisconnected => locked(),
        Keyring::NoResult => unavailable(
            "the keyring (Secret Service) has no default collection to keep tokens in; make one \
             with your desktop's password manager",
        ),
        other => unavailable(
            "there is no keyring (Secret Service) that works on this D-Bus session; install and \
             start one, such as gnome-keyring",
        )
        .with_source(other),
    }
}

fn locked() -> Error {
    unavailable(
        "the keyring is locked; unlock it with your desktop's password manager, or by signing in \
         to the desktop anew",
    )
}

type Attributes<'a> = HashMap<&'a str, &'a str>;

fn own_attributes(schema: &str) -> Attributes<'_> {
    HashMap::from([(SCHEMA, schema), ATTRIBUTE])
}

/// `own`, and what another document has besides; `own` alone where one of them is damaged, so that
/// the damage is seen.
fn with(own: &Zeroizing<Vec<u8>>, other: &Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    match (is_empty(own), is_empty(other)) {
        (_, true) => own.clone(),
        (true, false) => other.clone(),
        (false, false) => merged(own, other).unwrap_or_else(|| own.clone()),
    }
}

fn is_empty(document: &[u8]) -> bool {
    document.trim_ascii().is_empty()
}

async fn read(
    keyring: &SecretService<'_>,
    attributes: &Attributes<'_>,
) -> Result<Zeroizing<Vec<u8>>> {
    match find(keyring, attributes).await? {
        Some(item) => content(&item).await,
        None => Ok(Zeroizing::default()),
    }
}

async fn read_dotnet(
    keyring: &SecretService<'_>,
    partition: &Partition,
) -> Result<Zeroizing<Vec<u8>>> {
    let attributes = HashMap::from([(SCHEMA, DOTNET_SCHEMA), ATTRIBUTE, DOTNET_ATTRIBUTE]);
    match find(keyring, &attributes).await? {
        Some(item) if item.get_label().await.map_err(failed)? == partition.file_name() => {
            content(&item).await
        }
        _ => Ok(Zeroizing::default()),
    }
}

async fn content(item: &Item<'_>) -> Result<Zeroizing<Vec<u8>>> {
    let secret = item.get_secret().await.map_err(failed)?;
    Ok(Zeroizing::new(secret))
}

/// The item of these attributes; a dialog that would unlock it is never shown.
async fn find<'a>(
    keyring: &'a SecretService<'_>,
    attributes: &Attributes<'_>,
) -> Result<Option<Item<'a>>> {
    let mut found = keyring
        .search_items(attributes.clone())
        .await
        .map_err(failed)?;
    if found.unlocked.is_empty() && (!found.locked.is_empty() || is_locked(keyring).await?) {
        return Err(locked());
    }
    Ok((!found.unlocked.is_empty()).then(|| found.unlocked.swap_remove(0)))
}

/// gnome-keyring does not find an item by its schema while the collection is locked. One without a
/// collection cannot keep anything, and so is none.
async fn is_locked(keyring: &SecretService<'_>) -> Result<bool> {
    let collection = keyring.get_default_collection().await.map_err(failed)?;
    collection.is_locked().await.map_err(failed)
}

async fn check_writable<'a>(keyring: &'a SecretService<'_>) -> Result<Collection<'a>> {
    let collection = keyring.get_default_collection().await.map_err(failed)?;
    if collection.is_locked().await.map_err(failed)? {
        return Err(locked());
    }
    Ok(collection)
}

async fn write(
    keyring: &SecretService<'_>,
    attributes: &Attributes<'_>,
    label: &str,
    bytes: &[u8],
) -> Result<()> {
    if let Some(item) = find(keyring, attributes).await? {
        let written = item.set_secret(bytes, CONTENT_TYPE).await;
        return written.map_err(failed);
    }
    let collection = check_writable(keyring).await?;
    let created = collection.create_item(label, attributes.clone(), bytes, true, CONTENT_TYPE);
    created.await.map(drop).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_bus_is_found_whatever_the_run_time_folder_is_called() {
        let folder = tempfile::Builder::new().prefix("a;b,c=%20").tempdir();
        let folder = folder.unwrap();
        let socket = folder.path().join("bus");
        let _listener = UnixListener::bind(&socket).unwrap();
        let environment = Environment::of(&[("XDG_RUNTIME_DIR", folder.path().as_os_str())]);
        let addresses = SecretServiceStore::new(environment)
            .bus_addresses()
            .unwrap();
        let [Ok(address)] = &addresses[..] else {
            panic!("{addresses:?}");
        };
        let Transport::Unix(unix) = address.transport() else {
            panic!("{address:?}");
        };
        assert!(matches!(unix.path(), UnixSocket::File(path) if *path == socket));
    }
}

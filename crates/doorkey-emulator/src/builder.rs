//! How an emulator is set up and started.

use crate::{
    Directory, Emulator, Error,
    certificates::Certificates,
    clock::{self, Clock},
    seal::Seal,
    server::Listeners,
    service::{Authority, Service},
    settings::Settings,
    signing_key::SigningKey,
    state_folder::StateFolder,
};
use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use time::OffsetDateTime;

/// What an emulator is started with; all of it has a default.
///
/// Made by [`Emulator::builder`].
pub struct EmulatorBuilder {
    listen: SocketAddr,
    state_folder: Option<PathBuf>,
    directory: Option<Directory>,
    clock: clock::Source,
    settings: Settings,
}

impl EmulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            state_folder: None,
            directory: None,
            clock: clock::system(),
            settings: Settings::default(),
        }
    }

    /// Starts to listen, and serves in the background until the last [`Emulator`] is dropped.
    ///
    /// # Errors
    ///
    /// If the address is not one of loopback or is taken, or the state folder cannot be used.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime with I/O.
    pub async fn start(self) -> Result<Emulator, Error> {
        let listeners = Listeners::open(self.listen).await?;
        let (folder, signing_key) = match self.state_folder {
            Some(path) => {
                let folder = StateFolder::open(path)?;
                let key = SigningKey::open(&folder)?;
                (folder, key)
            }
            None => (StateFolder::private()?, SigningKey::of_this_process()?),
        };
        let certificates = Certificates::open(&folder, OffsetDateTime::now_utc())?;
        let authority = Authority::new(Service {
            authority: format!("https://localhost:{}", listeners.port),
            clock: Clock::new(self.clock),
            directory: self.directory.unwrap_or_default(),
            settings: self.settings,
            signing_key,
            seal: Seal::open(&folder)?,
            codes: Default::default(),
            devices: Default::default(),
            revocations: Default::default(),
            consents: Default::default(),
            sign_ins: Default::default(),
            nonces: Default::default(),
            replacements: Default::default(),
            log: Default::default(),
        });
        let port = listeners.port;
        let serving = tokio::spawn(listeners.serve(certificates.tls, authority.clone()));
        tracing::info!(port, "the emulator serves");
        Ok(Emulator::new(
            authority,
            port,
            certificates.authority_path,
            certificates.authority_pem,
            folder,
            serving,
        ))
    }

    /// Where to listen: an address of loopback. The default is any free port of 127.0.0.1.
    ///
    /// The same port of the other family's loopback is served too, where the machine has it.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Where the certificate authority and the keys are kept, so that certificate, access tokens and
    /// refresh tokens outlive a restart. The default is a private folder that goes with the emulator.
    #[must_use]
    pub fn state_folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_folder = Some(path.into());
        self
    }

    /// Who and what the emulator knows. The default is [`Directory::default`].
    #[must_use]
    pub fn directory(mut self, directory: Directory) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Where the time comes from. The default is the system's clock.
    /// [`Emulator::set_clock_offset`] is added to it.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>) -> Self {
        self.clock = clock;
        self
    }

    /// How long access tokens live. The default is 80 minutes, and a day for clients that say they
    /// understand claims challenges (`xms_cc`), as in Entra ID.
    #[must_use]
    pub fn access_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.access_token_lifetime = Some(signed(lifetime));
        self
    }

    /// The `refresh_in` of replies. The default is half of the token's lifetime.
    #[must_use]
    pub fn refresh_in(mut self, refresh_in: Duration) -> Self {
        self.settings.refresh_in = Some(signed(refresh_in));
        self
    }

    /// How long refresh tokens live. The default is 90 days.
    #[must_use]
    pub fn refresh_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.refresh_token_lifetime = signed(lifetime);
        self
    }

    /// How long authorization codes live. The default is ten minutes.
    #[must_use]
    pub fn authorization_code_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.code_lifetime = signed(lifetime);
        self
    }

    /// How long device codes live. The default is 15 minutes.
    #[must_use]
    pub fn device_code_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.device_code_lifetime = signed(lifetime);
        self
    }

    /// How long a device waits between polls. The default is five seconds.
    #[must_use]
    pub fn device_code_interval(mut self, interval: Duration) -> Self {
        self.settings.device_code_interval = signed(interval);
        self
    }

    /// Whether the answer at the redirect URI names its issuer (RFC 9207). Entra ID's does not, so
    /// the default is no.
    #[must_use]
    pub fn authorization_response_issuer(mut self, sent: bool) -> Self {
        self.settings.response_issuer = sent;
        self
    }
}

impl fmt::Debug for EmulatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorBuilder")
            .field("listen", &self.listen)
            .field("state_folder", &self.state_folder)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// `duration` as the clock counts; what is too long for it lives as long as it can count.
fn signed(duration: Duration) -> time::Duration {
    duration
        .try_into()
        .unwrap_or(time::Duration::days(365 * 1000))
}

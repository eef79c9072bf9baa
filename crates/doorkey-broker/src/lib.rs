//! The operating system's identity broker, for [`doorkey`].
//!
//! A broker is a program in which a person is signed in once for all programs of the machine. With it,
//! whoever is signed in to the machine is signed in to yours. [`system`] is this machine's; give it to
//! a credential of `doorkey`, or ask it yourself:
//!
//! ```no_run
//! use doorkey::{BrokerAccountsRequest, BrokerApplication, ErrorKind};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> doorkey::Result<()> {
//! let application = BrokerApplication::new(
//!     "00000000-0000-0000-0000-000000000000", // your application's id
//!     "https://login.microsoftonline.com/organizations",
//! );
//! match doorkey_broker::system().accounts(&BrokerAccountsRequest::new(application)).await {
//!     Ok(accounts) => accounts.iter().for_each(|account| println!("{}", account.username)),
//!     Err(error) if error.kind() == ErrorKind::CredentialUnavailable => {
//!         println!("no broker: {error}"); // and sign in by the browser
//!     }
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where it works
//!
//! | system | broker |
//! |---|---|
//! | Linux | Microsoft's identity broker and himmelblau, by D-Bus: see `LinuxBroker` |
//! | Windows | the Web Account Manager, by WinRT: see `WindowsBroker` |
//! | WSL | Windows' first, by a `doorkey.exe` there: see `WslBroker` |
//! | macOS | Company Portal's single sign-on extension, by AuthenticationServices: see `MacosBroker` |
//! | others | not yet: [`system`] says so, and the browser steps in |
//!
//! None of it has ever been run with a real broker: see `docs/brokers.md`.

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod absent;
#[cfg(any(target_os = "linux", target_os = "macos", windows, test))]
mod clouds;
#[cfg_attr(
    not(any(target_os = "linux", test)),
    expect(
        dead_code,
        reason = "only a program in WSL asks another system's broker"
    )
)]
mod exchange;
// Its messages are pure, and tested everywhere.
#[cfg(any(target_os = "linux", test))]
mod linux;
// As above.
#[cfg(any(target_os = "macos", test))]
mod macos;
// As above.
#[cfg(test)]
mod testing;
#[cfg(any(windows, test))]
mod windows;
#[cfg(any(target_os = "linux", target_os = "macos", windows, test))]
mod written;
#[cfg(target_os = "linux")]
mod wsl;

use doorkey::Broker;
use std::{num::NonZeroIsize, sync::Arc};

pub use exchange::answer_request;
#[cfg(target_os = "linux")]
pub use linux::{LinuxBroker, SsoCookie};
#[cfg(target_os = "macos")]
pub use macos::MacosBroker;
#[cfg(target_os = "linux")]
pub use wsl::WslBroker;
// Not the crate of that name.
#[cfg(windows)]
pub use self::windows::WindowsBroker;

/// This operating system's broker; in WSL Windows', and Linux' own where that cannot be asked.
///
/// Nothing is looked for yet: whether one is there is found each time it is asked, and where there is
/// none it answers [`CredentialUnavailable`](doorkey::ErrorKind::CredentialUnavailable).
///
/// ```
/// let broker = doorkey_broker::system();
/// # let _ = broker;
/// ```
#[must_use]
pub fn system() -> Arc<dyn Broker> {
    #[cfg(target_os = "linux")]
    if wsl::is_here() {
        return Arc::new(wsl::InOrder::new(WslBroker::new(), LinuxBroker::new()));
    }
    own()
}

/// That of the system for which this was built, whatever it runs in.
fn own() -> Arc<dyn Broker> {
    #[cfg(target_os = "linux")]
    let broker = LinuxBroker::new();
    #[cfg(windows)]
    let broker = WindowsBroker::new();
    #[cfg(target_os = "macos")]
    let broker = MacosBroker::new();
    #[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
    let broker = absent::Absent;
    Arc::new(broker)
}

/// In front of which the broker asks, where who asks has no window of this system. `None` where it needs
/// none.
fn window() -> doorkey::Result<Option<NonZeroIsize>> {
    #[cfg(windows)]
    let window = windows::window_in_front().map(Some).ok_or_else(|| {
        doorkey::Error::new(
            doorkey::ErrorKind::CredentialUnavailable,
            "there is no window on Windows now in front of which its Web Account Manager could ask (nobody \
             is at its desktop, or it is locked); sign in by the browser",
        )
    });
    #[cfg(not(windows))]
    let window = Ok(None);
    window
}

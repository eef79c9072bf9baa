//! Asking the broker of this system for another one.

use super::{
    reply::{self, Answer},
    request::Question,
};
use azure_core::credentials::Secret;
use doorkey::{Broker, Prompt, Result};
use std::num::NonZeroIsize;

/// Answers a request of another system's program, by this system's broker: one JSON for one JSON. It is
/// what `doorkey broker-request` does, for programs in WSL; `docs/broker-messages.md` has the members.
///
/// The answer may hold a token: give it to whoever has asked, and to nobody else. What goes wrong is
/// an answer, too. Dropping the future cancels what was asked.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let answer = doorkey_broker::answer_request(b"nonsense").await;
/// assert!(answer.secret().contains("Protocol"));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn answer_request(request: &[u8]) -> Secret {
    // Not `system`: in WSL that would be whoever asks.
    answer_by(&*crate::own(), crate::window(), request).await
}

pub(super) async fn answer_by(
    broker: &dyn Broker,
    window: Result<Option<NonZeroIsize>>,
    request: &[u8],
) -> Secret {
    reply::written(answer(broker, window, request).await)
}

async fn answer(
    broker: &dyn Broker,
    window: Result<Option<NonZeroIsize>>,
    request: &[u8],
) -> Result<Answer> {
    match Question::read(request)? {
        Question::Accounts(request) => broker.accounts(&request).await.map(Answer::Accounts),
        Question::Silent(request) => broker.acquire_silently(&request).await.map(Answer::Token),
        Question::Interactive(mut request) => {
            if request.prompt != Prompt::None {
                request.parent_window = window?;
            }
            let token = broker.acquire_interactively(&request).await;
            token.map(Answer::Token)
        }
        Question::SignOut(request) => broker.sign_out(&request).await.map(|()| Answer::Done),
    }
}

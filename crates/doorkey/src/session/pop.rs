//! Tokens that are bound to a key: which key, and what is signed with it.

use super::{Inner, Session, TokenRequest, answer::secret, runtime};
use crate::{
    error::{Error, ErrorKind, Result},
    oauth::AuthorityKind,
    options::{AccessTokenInfo, PopTokenRequestOptions},
    pop::{Key, ResourceRequest},
    scopes::Scopes,
    tokens::TokenKind,
};
use std::{fmt, sync::Arc};
use tokio::sync::OnceCell;

/// The key of a session that keeps its cache somewhere: it is kept beside the tokens.
#[derive(Default)]
pub(super) struct PopKey(OnceCell<Arc<Key>>);

impl fmt::Debug for PopKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PopKey")
    }
}

/// That of all others.
static OF_THIS_PROCESS: OnceCell<Arc<Key>> = OnceCell::const_new();

impl Session {
    /// Whether `answer_bound` can have an answer.
    pub(crate) fn binds_tokens(&self) -> bool {
        self.check_takes_pop().is_ok()
    }

    /// Whether there can be a token for scopes, as far as nobody has to be asked for that.
    pub(crate) async fn check_bound(&self, scopes: &[&str]) -> Result<()> {
        Scopes::check(scopes)?;
        self.check_takes_pop()?;
        self.inner.pop_key().await.map(drop)
    }

    /// A token for one request: the access token from wherever the request's would come, and around
    /// it a signature that is made now. A broker may have signed it all by a key of its own.
    pub(super) async fn answer_bound(
        &self,
        request: TokenRequest,
        pop: &PopTokenRequestOptions,
    ) -> Result<AccessTokenInfo> {
        let inner = &self.inner;
        let resource_request = ResourceRequest::parse(pop)?;
        self.check_takes_pop()?;
        let key = inner.pop_key().await?;
        let key_id = key.public().thumbprint().to_owned();
        let asked = TokenRequest {
            kind: TokenKind::Pop { key_id },
            resource_request: inner.source.broker().map(|_| resource_request.clone()),
            ..request
        };
        let bound = self.answer(asked).await?;
        if bound.is_signed_request {
            return Ok(bound);
        }
        let now = inner.clock.now();
        let signed = resource_request.sign(&key, bound.token.secret(), now)?;
        Ok(AccessTokenInfo {
            token: secret(&signed),
            ..bound
        })
    }

    fn check_takes_pop(&self) -> Result<()> {
        let source = &self.inner.source;
        if !source.sign_in().takes_pop() {
            return Err(Error::invalid_argument(
                "`pop` does not go with a user name and password; sign in by browser or device \
                 code, or ask for a bearer token",
            ));
        }
        let authority = source.oauth().authority();
        match authority.kind() {
            // A person would sign in there, and nothing of it could be kept.
            AuthorityKind::Adfs | AuthorityKind::B2c { .. } => {
                Err(Error::invalid_argument(format!(
                    "`pop` is not for {}, which binds no tokens to a key, as Entra ID does; ask for a bearer \
                 token",
                    authority.as_str()
                )))
            }
            _ => Ok(()),
        }
    }
}

impl Inner {
    async fn pop_key(&self) -> Result<Arc<Key>> {
        let Some(storage) = &self.storage else {
            let key = OF_THIS_PROCESS.get_or_try_init(|| async { generate().await.map(Arc::new) });
            return key.await.cloned();
        };
        let persistence = &storage.persistence;
        let key = self.pop_key.0.get_or_try_init(|| async {
            if let Some(key) = persistence.key(Key::read).await? {
                return Ok(Arc::new(key));
            }
            // A key of its own: what protects one cache need not protect another.
            let new = generate().await?.write()?;
            persistence.keep_key(&new, Key::read).await.map(Arc::new)
        });
        key.await.cloned()
    }
}

/// Off the threads of the runtime.
async fn generate() -> Result<Key> {
    runtime()?;
    let generated = tokio::task::spawn_blocking(Key::generate).await;
    generated.unwrap_or_else(|error| {
        Err(Error::new(
            ErrorKind::CredentialUnavailable,
            "no key for proof-of-possession was made, as the program's runtime is ending",
        )
        .with_source(error))
    })
}

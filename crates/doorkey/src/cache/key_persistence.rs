use super::{Persistence, TokenCacheStore};
use crate::error::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

impl Persistence {
    /// The key that tokens are bound to, as `read` understands it; `None` where none is kept.
    pub(crate) async fn key<K>(&self, read: fn(&[u8]) -> Option<K>) -> Result<Option<K>> {
        let stored = self.store().load(self.key_partition()).await?;
        Ok(read(&Zeroizing::new(stored.bytes)))
    }

    /// Keeps a key, unless another process has been quicker: then gives theirs. What cannot be
    /// understood is replaced: no token that was bound to it can be used any more, and each can be
    /// had again.
    pub(crate) async fn keep_key<K: Send>(
        &self,
        own: &[u8],
        read: fn(&[u8]) -> Option<K>,
    ) -> Result<K> {
        let mut kept = None;
        let mut change = |old: &[u8]| {
            if let Some(theirs) = read(old) {
                kept = Some(theirs);
                return None;
            }
            kept = read(own);
            Some(own.to_vec())
        };
        self.store()
            .update(self.key_partition(), &mut change)
            .await?;
        kept.ok_or_else(|| {
            Error::new(
                ErrorKind::Cache,
                "the key for proof-of-possession was not kept, as the token cache's store did not \
                 ask for the change that it was given; this is a fault of that store",
            )
        })
    }

    fn store(&self) -> &dyn TokenCacheStore {
        &*self.store
    }
}

//! A call that the cache answers: ours beside the official crate's, in one run.
//!
//! `while_another_scope_is_fetched` asks for a cached token while a token for another scope is on
//! its way from an authority that takes half a second.

use azure_core::credentials::{AccessToken, TokenCredential};
use divan::Bencher;
use doorkey_benches::{OTHER_SCOPES, SCOPE, among, official, ours};
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// How long the slow authority takes.
const SLOW: Duration = Duration::from_millis(500);

fn main() {
    divan::main();
}

#[derive(Clone, Copy, Debug)]
enum Whose {
    Doorkey,
    AzureIdentity,
}

const BOTH: [Whose; 2] = [Whose::Doorkey, Whose::AzureIdentity];

static READY: LazyLock<[Arc<dyn TokenCredential>; 2]> =
    LazyLock::new(|| credentials(Duration::ZERO));
static BUSY: LazyLock<[Arc<dyn TokenCredential>; 2]> = LazyLock::new(|| credentials(SLOW));

fn credentials(pause: Duration) -> [Arc<dyn TokenCredential>; 2] {
    RUNTIME.block_on(async {
        let ours = ours(pause).await;
        let token = ours
            .get_token(&[SCOPE], None)
            .await
            .expect("it is cached")
            .token;
        let official = official(token.secret(), pause).await;
        [ours as Arc<dyn TokenCredential>, official]
    })
}

#[divan::bench(args = BOTH, threads = [1, 2], sample_count = 200, sample_size = 1000)]
fn cached(bencher: Bencher<'_, '_>, whose: Whose) {
    let credential = &READY[whose as usize];
    // No executor is measured: what is cached is there at the first poll.
    bencher.bench(|| {
        let mut call = credential.get_token(&[SCOPE], None);
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            // Dropped here, as a caller would: tokens that pile up measure the allocator.
            Poll::Ready(token) => token.expect("it is cached").expires_on,
            Poll::Pending => panic!("it is cached"),
        }
    });
}

/// Ours alone: a call among so many people whose tokens are in the same store, which is asked each
/// time whether it has changed.
#[divan::bench(args = [1, 1_000, 100_000], sample_count = 200, sample_size = 1000)]
fn among_accounts(bencher: Bencher<'_, '_>, accounts: usize) {
    let credential = RUNTIME.block_on(among(accounts));
    bencher.bench_local(|| {
        let mut call = credential.get_token(&[SCOPE], None);
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(token) => token.expect("it is cached").expires_on,
            Poll::Pending => panic!("it is cached"),
        }
    });
}

#[divan::bench(args = BOTH, sample_count = 4, sample_size = 1)]
fn while_another_scope_is_fetched(bencher: Bencher<'_, '_>, whose: Whose) {
    let credential = &BUSY[whose as usize];
    let round = AtomicUsize::new(0);
    bencher
        .with_inputs(|| {
            let credential = Arc::clone(credential);
            let round = round.fetch_add(1, Ordering::Relaxed);
            let other = OTHER_SCOPES[round % OTHER_SCOPES.len()];
            let (begin, begun) = std::sync::mpsc::channel();
            let fetch = RUNTIME.spawn(async move {
                let mut call = credential.get_token(std::slice::from_ref(&other), None);
                // The first poll takes what locks there are, and sends the request.
                let first = std::future::poll_fn(|context| {
                    Poll::Ready(call.as_mut().poll(context).is_ready())
                });
                let over = first.await;
                begin.send(()).expect("the bench waits");
                if !over {
                    let _ = call.await;
                }
            });
            begun.recv().expect("the fetch has begun");
            fetch
        })
        .bench_values(|fetch| (RUNTIME.block_on(cached_token(credential)), fetch));
}

async fn cached_token(credential: &Arc<dyn TokenCredential>) -> AccessToken {
    credential
        .get_token(&[SCOPE], None)
        .await
        .expect("it is cached")
}

mod order;
mod place;
mod program;

use doorkey::{
    BrokerAccount, BrokerAccountsRequest, BrokerApplication, BrokerInteractiveRequest,
    BrokerSignOutRequest, BrokerSilentRequest,
};
use std::{sync::mpsc, thread, time::Duration};
use tokio::{runtime, time::Instant};

fn application() -> BrokerApplication {
    BrokerApplication::new("client", "https://login.example/tenant")
}

fn everybody() -> BrokerAccountsRequest {
    BrokerAccountsRequest::new(application())
}

fn silent() -> BrokerSilentRequest {
    let account = BrokerAccount::new("object.tenant");
    BrokerSilentRequest::new(application(), account, vec!["scope".into()])
}

fn interactive() -> BrokerInteractiveRequest {
    BrokerInteractiveRequest::new(application(), vec!["scope".into()])
}

fn sign_out() -> BrokerSignOutRequest {
    BrokerSignOutRequest::new(application(), BrokerAccount::new("object.tenant"))
}

/// What comes of `work`, whose blocking part waits for what never comes, and after how many seconds of its
/// clock; in a runtime that ends before the blocking part does.
fn apart<T, F>(work: impl FnOnce(mpsc::Receiver<()>) -> F + Send + 'static) -> (T, u64)
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (hanging, never) = mpsc::channel();
    let (told, ended) = mpsc::channel();
    thread::spawn(move || {
        let mut runtime = runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        let answer = runtime.block_on(async {
            let since = Instant::now();
            (work(never).await, since.elapsed().as_secs())
        });
        drop(runtime);
        told.send(answer).unwrap();
    });
    let answer = ended.recv_timeout(Duration::from_secs(30)).unwrap();
    drop(hanging);
    answer
}

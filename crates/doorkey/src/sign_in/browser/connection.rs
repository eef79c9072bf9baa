use super::{
    BrowserPages,
    request::{AuthorizationResponse, Expected},
    response::{self, PageResponse},
};
use hyper::{Request, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::ReadBuf,
    net::TcpStream,
    sync::{mpsc, oneshot},
};

/// One connection to the listener, driven by whoever polls it: dropped, it is closed.
pub(super) struct Connection {
    stage: Stage,
    wanted: Arc<Wanted>,
}

/// What a connection is served with.
pub(super) struct Wanted {
    pub(super) expected: Expected,
    pub(super) pages: BrowserPages,
    /// How long the head of a request may take, from its first byte.
    pub(super) head_deadline: Duration,
}

/// The redirect that was waited for, its request still without a response.
pub(super) struct Arrival {
    pub(super) response: AuthorizationResponse,
    pub(super) answer: oneshot::Sender<PageResponse>,
    /// `None` if the browser has gone already.
    pub(super) exchange: Option<Exchange>,
}

/// One request and its response.
pub(super) type Exchange = Pin<Box<http1::Connection<TokioIo<TcpStream>, Desk>>>;

enum Stage {
    /// Nothing was said yet. Browsers open connections ahead of need, and forwarders of ports
    /// leave them so: they cost nothing and are let be.
    Silent(TcpStream),
    Speaking(Speaking),
    Over,
}

struct Speaking {
    exchange: Exchange,
    arrivals: mpsc::Receiver<Found>,
    // Shared with the desk, which is inside `exchange`.
    asked: Arc<AtomicBool>,
}

type Found = (AuthorizationResponse, oneshot::Sender<PageResponse>);

impl Connection {
    pub(super) fn new(stream: TcpStream, wanted: Arc<Wanted>) -> Self {
        Self {
            stage: Stage::Silent(stream),
            wanted,
        }
    }

    /// Ready with the redirect, or with `None` when the connection is over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Arrival>> {
        let mut speaking = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Silent(stream) => match poll_speaks_http(&stream, context) {
                Poll::Ready(true) => Speaking::new(stream, &self.wanted),
                Poll::Ready(false) => return Poll::Ready(None),
                Poll::Pending => {
                    self.stage = Stage::Silent(stream);
                    return Poll::Pending;
                }
            },
            Stage::Speaking(speaking) => speaking,
            Stage::Over => return Poll::Ready(None),
        };
        let is_over = speaking.exchange.as_mut().poll(context).is_ready();
        // After the exchange, in which the desk leaves the redirect.
        if let Poll::Ready(Some((response, answer))) = speaking.arrivals.poll_recv(context) {
            return Poll::Ready(Some(Arrival {
                response,
                answer,
                exchange: (!is_over).then_some(speaking.exchange),
            }));
        }
        if is_over {
            return Poll::Ready(None);
        }
        self.stage = Stage::Speaking(speaking);
        Poll::Pending
    }

    /// Whether it has not made a request yet.
    pub(super) fn is_idle(&self) -> bool {
        match &self.stage {
            Stage::Silent(_) | Stage::Over => true,
            Stage::Speaking(speaking) => !speaking.asked.load(Ordering::Relaxed),
        }
    }
}

impl Speaking {
    fn new(stream: TcpStream, wanted: &Arc<Wanted>) -> Self {
        let (sender, arrivals) = mpsc::channel(1);
        let asked = Arc::new(AtomicBool::new(false));
        let desk = Desk {
            wanted: Arc::clone(wanted),
            arrivals: sender,
            asked: Arc::clone(&asked),
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(wanted.head_deadline)
            .keep_alive(false)
            .max_buf_size(HEAD_LIMIT)
            .serve_connection(TokioIo::new(stream), desk);
        Self {
            exchange: Box::pin(connection),
            arrivals,
            asked,
        }
    }
}

/// Where requests are looked at: strays are answered here, the redirect is passed on and its
/// response is waited for.
pub(super) struct Desk {
    wanted: Arc<Wanted>,
    arrivals: mpsc::Sender<Found>,
    asked: Arc<AtomicBool>,
}

impl Service<Request<Incoming>> for Desk {
    type Response = PageResponse;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<PageResponse, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.asked.store(true, Ordering::Relaxed);
        let wanted = Arc::clone(&self.wanted);
        let arrivals = self.arrivals.clone();
        Box::pin(async move {
            let response = match wanted.expected.read(request).await {
                Ok(response) => response,
                Err(refusal) => {
                    crate::events::browser_stray(refusal);
                    return Ok(response::to_stray(refusal));
                }
            };
            let (answer, answered) = oneshot::channel();
            // A failure drops `answer`, like a caller that stopped waiting.
            let _ = arrivals.try_send((response, answer));
            let page = answered.await;
            Ok(page.unwrap_or_else(|_gone| response::to_redirect(None, &wanted.pages)))
        })
    }
}

/// Ready when something was said: whether to listen on.
fn poll_speaks_http(stream: &TcpStream, context: &mut Context<'_>) -> Poll<bool> {
    let mut first = [0];
    match ready!(stream.poll_peek(context, &mut ReadBuf::new(&mut first))) {
        Ok(1..) if first[0] == TLS_HANDSHAKE => {
            // With bytes unread the connection would be reset instead of closed.
            let mut scratch = [0; 4096];
            while matches!(stream.try_read(&mut scratch), Ok(1..)) {}
            Poll::Ready(false)
        }
        Ok(1..) => Poll::Ready(true),
        Ok(0) | Err(_) => Poll::Ready(false),
    }
}

/// The first byte of a TLS connection
/// ([RFC 8446, section 5.1](https://www.rfc-editor.org/rfc/rfc8446#section-5.1)): a browser that
/// tries https first.
const TLS_HANDSHAKE: u8 = 22;

/// Larger request heads are refused: 431.
const HEAD_LIMIT: usize = 64 * 1024;

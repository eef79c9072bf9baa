use super::{
    BrowserPages, RedirectUri,
    connection::{Arrival, Connection, Exchange, Wanted},
    loopback,
    pages::PageOutcome,
    request::{AuthorizationResponse, Expected},
    response::{self, PageResponse},
};
use crate::error::Result;
use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::yield_now,
    time::{sleep, timeout},
};

/// Waits on this machine's loopback for the redirect of one sign-in
/// ([RFC 8252, sections 7.3 and 8.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
#[derive(Debug)]
pub(crate) struct Listener {
    redirect_uri: String,
    path: String,
    port: u16,
    sockets: Vec<TcpListener>,
    limits: Limits,
}

/// What the redirect carried; the person's page is still open, waiting to be told how it went.
#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) response: AuthorizationResponse,
    pub(crate) page: OpenPage,
}

/// The browser's request, held until it is known how the sign-in ended. Dropped, it says that the
/// program stopped waiting.
pub(crate) struct OpenPage {
    // Options because they go before the page does: the one when it is used, the other when it is
    // over, which is not polled again.
    answer: Option<oneshot::Sender<PageResponse>>,
    exchange: Option<Exchange>,
    pages: BrowserPages,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Of connections at a time; for a newer one the oldest without a request goes.
    connections: usize,
    /// For the head of a request, from its first byte.
    head: Duration,
    /// For the body of a request.
    body: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 32,
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
        }
    }
}

impl Listener {
    /// Opens the port, to be called before the browser is. Needs a Tokio runtime.
    pub(crate) async fn bind(redirect_uri: &RedirectUri) -> Result<Self> {
        let bound = loopback::bind(redirect_uri)?;
        Ok(Self {
            redirect_uri: redirect_uri.with_port(bound.port),
            path: redirect_uri.path().to_owned(),
            port: bound.port,
            sockets: bound.sockets,
            limits: Limits::default(),
        })
    }

    /// What is sent to the authority as `redirect_uri`.
    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Serves until the redirect that carries `state` arrives. There is no deadline in here: the
    /// caller has one for the whole sign-in. Dropped, it frees the port and closes all connections.
    pub(crate) async fn wait(self, state: &str, pages: &BrowserPages) -> Result<Redirect> {
        let mut reception = Reception {
            sockets: self.sockets,
            connections: Vec::new(),
            capacity: self.limits.connections,
            pause: None,
            // Shared by the connections, which are not of a known lifetime to hyper.
            wanted: Arc::new(Wanted {
                expected: Expected {
                    path: self.path,
                    port: self.port,
                    state: state.to_owned(),
                    body_deadline: self.limits.body,
                },
                pages: pages.clone(),
                head_deadline: self.limits.head,
            }),
        };
        let arrival = poll_fn(|context| reception.poll(context)).await;
        Ok(Redirect {
            response: arrival.response,
            page: OpenPage {
                answer: Some(arrival.answer),
                exchange: arrival.exchange,
                pages: pages.clone(),
            },
        })
    }
}

impl OpenPage {
    /// Tells the person how it went; returns when the page is on its way, or after a second.
    pub(crate) async fn close(mut self, outcome: &PageOutcome<'_>) {
        let page = response::to_redirect(Some(outcome), &self.pages);
        if let Some(answer) = self.answer.take() {
            // The browser may be gone by now.
            let _ = answer.send(page);
        }
        if let Some(exchange) = &mut self.exchange {
            let _ = timeout(CLOSE_DEADLINE, exchange).await;
        }
        self.exchange = None;
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        drop(self.answer.take());
        if let Some(exchange) = &mut self.exchange {
            // Once is enough: the page fits into the socket's buffer, which is empty.
            let _ = exchange
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

impl fmt::Debug for OpenPage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OpenPage").finish_non_exhaustive()
    }
}

/// All connections of a wait. They are driven by the one future that waits, and nothing is spawned:
/// dropping it closes them all at once.
struct Reception {
    sockets: Vec<TcpListener>,
    /// The oldest first.
    connections: Vec<Connection>,
    capacity: usize,
    /// While it lasts nobody new is let in.
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    wanted: Arc<Wanted>,
}

impl Reception {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Arrival> {
        let _never = self.poll_accept(context);
        let mut at = 0;
        while let Some(connection) = self.connections.get_mut(at) {
            match connection.poll(context) {
                Poll::Ready(Some(arrival)) => return Poll::Ready(arrival),
                Poll::Ready(None) => drop(self.connections.remove(at)),
                Poll::Pending => at += 1,
            }
        }
        Poll::Pending
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
            }
            self.pause = None;
            for _ in 0..self.capacity.div_ceil(4) {
                match ready!(self.poll_accept_one(context)) {
                    Ok(stream) => self.admit(stream),
                    Err(error) if is_of_the_peer(&error) => {}
                    Err(error) => {
                        crate::events::browser_not_accepted(&error);
                        // Most likely the process has no file left to open: give one back.
                        self.evict();
                        self.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                        break;
                    }
                }
            }
            // However many come, those let in get to speak before the next ones push them out.
            self.pause.get_or_insert_with(|| Box::pin(yield_now()));
        }
    }

    fn poll_accept_one(&mut self, context: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        for at in 0..self.sockets.len() {
            if let Poll::Ready(accepted) = self.sockets[at].poll_accept(context) {
                // The other one's turn: neither starves.
                self.sockets.rotate_left(at + 1);
                return Poll::Ready(accepted.map(|(stream, _peer)| stream));
            }
        }
        Poll::Pending
    }

    fn admit(&mut self, stream: TcpStream) {
        if self.connections.len() >= self.capacity {
            self.evict();
        }
        let wanted = Arc::clone(&self.wanted);
        self.connections.push(Connection::new(stream, wanted));
    }

    fn evict(&mut self) {
        let oldest_idle = self.connections.iter().position(Connection::is_idle);
        if !self.connections.is_empty() {
            self.connections.remove(oldest_idle.unwrap_or(0));
        }
    }
}

/// Whether it is the end of one connection only, before it was accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const CLOSE_DEADLINE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;

//! A run on a page in a browser.
//!
//! ```no_run
//! use antflow::dashboard::web::WebDashboard;
//! use antflow::{StatusTracker, pipeline, stage};
//!
//! #[stage(workers = 4)]
//! async fn fetch(page: u32) -> u32 {
//!     page
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tracker = StatusTracker::new();
//! let run = pipeline!(fetch).observe(tracker.clone()).start()?;
//! let server = WebDashboard::new(run.view()).tracker(tracker).serve(8080).await?;
//! println!("http://{}", server.local_addr());
//! run.feed(0..1_000_000).await?;
//! run.join().await;
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The page shows the stages with their queues and throughput, the workers, and what failed; with a tracker, it finds items
//! and shows what they went through; with a control, it pauses, resizes and ends. It is part of the program: nothing is
//! loaded from elsewhere. The server may outlive the run, and then shows how it ended.
//!
//! # What it costs
//! A snapshot in each interval, however many browsers look, and none while nobody does. A browser that is too slow misses
//! updates, and holds nobody up. An update has the figures of all stages, and of at most 100 workers; others are asked for.
//! There are at most 64 streams of events for a dashboard, and a [`Server`] has at most 256 connections; who comes then gets
//! 503, and may try again.
//!
//! # What is served
//! | path | what |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /api/snapshot` | an update: the figures of the run as of now |
//! | `GET /api/events` | the same in each interval, as events named `update` (Server-Sent Events), the last one at the end |
//! | `GET /api/workers?offset=&limit=&sort=&stage=` | workers; `sort` is `longest`, `slowest`, `busiest`, `failed` or `name` |
//! | `GET /api/errors` | what failed: counts, and the last 32 items |
//! | `GET /api/items/{id}` | what the items of this id went through; 404 if there is none, or no tracker |
//! | `POST /api/control/{action}` | `pause`, `resume`, `resize` or `shutdown`, only with a [control](WebDashboard::control) |
//!
//! Answers are JSON, written as the feature `serde` writes; errors are objects with an `error`. Long texts are cut, to
//! about 300 characters in updates and 4000 in `/api/errors`.
//!
//! # Who may look
//! Everybody who reaches the address: it is that of the machine itself if only a port is named. Requests whose `Host` is
//! neither an IP address, nor `localhost`, nor [allowed](WebDashboard::allow_host) get 403, so that no web site can look
//! through the browser of somebody who may. Whoever steers needs the token. There is no TLS; a proxy can add it.

mod address;
mod api;
mod control;
mod error;
mod events;
mod guard;
mod live;
mod page;
mod server;
mod update;
mod workers;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use address::Address;
pub use error::WebError;
pub use server::Server;

use self::control::Steering;
use self::guard::Hosts;
use self::live::Live;
use self::update::Can;
use super::UPDATE_EVERY;
use crate::pipeline::RunControl;
use crate::stats::RunView;
use crate::tracker::StatusTracker;

/// Serves the page of a run at this address; a bare port is one of the machine itself.
///
/// It is [`WebDashboard::serve`] without anything set.
///
/// # Errors
/// [`WebError::Bind`] if nothing can listen there.
///
/// # Cancel safety
/// Dropped, it has served nothing.
///
/// ```
/// use antflow::{dashboard::web, pipeline, stage};
///
/// #[stage]
/// async fn double(x: u32) -> u32 {
///     x * 2
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let run = pipeline!(double).start()?;
/// let server = web::serve(run.view(), 0).await?;
/// assert!(server.local_addr().ip().is_loopback());
/// # Ok(())
/// # }
/// ```
pub async fn serve(run: RunView, addr: impl Into<Address>) -> Result<Server, WebError> {
    WebDashboard::new(run).serve(addr).await
}

/// Shows a run on a page in a browser: what it shows, and who may do what.
///
/// See the [module](self) for an example.
#[must_use = "nothing is served yet"]
pub struct WebDashboard {
    run: RunView,
    tracker: Option<StatusTracker>,
    control: Option<(RunControl, String)>,
    hosts: Vec<String>,
    update_every: Duration,
    closing: CancellationToken,
}

impl WebDashboard {
    /// A dashboard of this run.
    pub fn new(run: RunView) -> Self {
        Self {
            run,
            tracker: None,
            control: None,
            hosts: Vec::new(),
            update_every: UPDATE_EVERY,
            closing: CancellationToken::new(),
        }
    }

    /// Lets items be found by their ids, with what they went through. The tracker has to observe the run.
    pub fn tracker(mut self, tracker: StatusTracker) -> Self {
        self.tracker = Some(tracker);
        self
    }

    /// Lets those who know the token pause, resize and end the run. They send it as
    /// `Authorization: Bearer <token>`, and everybody else gets 401. An empty token lets nobody.
    ///
    /// ```
    /// use antflow::dashboard::web::WebDashboard;
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(double).start()?;
    /// let token = std::env::var("DASHBOARD_TOKEN").unwrap_or_default();
    /// let dashboard = WebDashboard::new(run.view()).control(run.control(), token);
    /// let server = dashboard.serve(0).await?;
    /// // curl -X POST -H "Authorization: Bearer $DASHBOARD_TOKEN" http://127.0.0.1:8080/api/control/resize \
    /// //     -d '{"stage": "Double", "workers": 8}'
    /// # server.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn control(mut self, control: RunControl, token: impl Into<String>) -> Self {
        self.control = Some((control, token.into()));
        self
    }

    /// Answers requests to this host too, without its port: the name under which a proxy or other machines reach it.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.hosts.push(name.into());
        self
    }

    /// Sets how often the page is updated: every half second by default. 0.1 to 1 second is what people like to see.
    pub fn update_every(mut self, interval: Duration) -> Self {
        // A slot of zero would have no next one.
        self.update_every = interval.max(Duration::from_millis(1));
        self
    }

    /// Ends the streams of events when the token is cancelled. A server that a [router](Self::router) is part of would
    /// wait for them otherwise, if it shuts down gracefully.
    pub fn close_on(mut self, token: CancellationToken) -> Self {
        self.closing = token;
        self
    }

    /// Serves it at this address; a bare port is one of the machine itself, and port 0 any that is free.
    ///
    /// # Errors
    /// [`WebError::Bind`] if nothing can listen there.
    ///
    /// # Cancel safety
    /// Dropped, it has served nothing.
    pub async fn serve(self, addr: impl Into<Address>) -> Result<Server, WebError> {
        let listener = server::bind(addr.into().socket_addr()).await?;
        self.serve_on(listener)
    }

    /// Serves it on a listener that there is already: where the address has to be had before the run begins.
    ///
    /// # Errors
    /// [`WebError::Listener`] if the listener does not know its address.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn serve_on(self, listener: TcpListener) -> Result<Server, WebError> {
        let addr = listener.local_addr().map_err(WebError::Listener)?;
        let closing = self.closing.child_token();
        let routes = self.close_on(closing.clone()).router();
        Ok(Server::spawn(listener, addr, routes, closing))
    }

    /// Its routes, to be part of an axum application:
    ///
    /// ```
    /// use antflow::dashboard::web::WebDashboard;
    /// use antflow::{pipeline, stage};
    ///
    /// #[stage]
    /// async fn double(x: u32) -> u32 {
    ///     x * 2
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let run = pipeline!(double).start()?;
    /// let dashboard = WebDashboard::new(run.view()).allow_host("crawler.example.org");
    /// let app: axum::Router = axum::Router::new().nest("/antflow", dashboard.router());
    /// # Ok(())
    /// # }
    /// ```
    pub fn router(self) -> Router {
        let can = Can {
            find_items: self.tracker.is_some(),
            control: self.control.is_some(),
        };
        let live = Arc::new(Live::new(self.run.clone(), can, self.update_every));
        let mut routes = api::routes(&live, self.tracker)
            .merge(events::routes(Arc::clone(&live), self.closing))
            .merge(page::routes());
        if let Some((control, token)) = self.control {
            let steering = Steering::new(self.run, control, token);
            routes = routes.merge(control::routes(steering));
        }
        guard::guarded(routes, Hosts::new(self.hosts))
    }
}

impl fmt::Debug for WebDashboard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebDashboard")
            .field("run", &self.run)
            .field("update_every", &self.update_every)
            .finish_non_exhaustive()
    }
}

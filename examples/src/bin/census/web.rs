use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use antflow::dashboard::web::{Server, WebDashboard};
use antflow::{BoxError, History, RunView, StatusTracker};
use tokio::net::TcpListener;

use super::progress;

/// So many files can be found on the page that are done.
const FOUND: usize = 10_000;

/// Keeps the page as long as it is there itself.
pub(crate) type Shown = Arc<OnceLock<Server>>;

/// Where the census is to be shown. The address is taken before it begins, so that it does not begin without.
pub(crate) struct Web {
    listener: TcpListener,
    tracker: StatusTracker,
}

impl Web {
    pub(crate) async fn listen(addr: SocketAddr) -> Result<Self, BoxError> {
        let listener = TcpListener::bind(addr)
            .await
            .map_err(|error| format!("cannot show a page at {addr}: {error}"))?;
        progress::note(&format!("a page at http://{}", listener.local_addr()?));
        Ok(Self {
            listener,
            tracker: StatusTracker::new().with_history(History::Last(FOUND)),
        })
    }

    pub(crate) fn tracker(&self) -> StatusTracker {
        self.tracker.clone()
    }

    pub(crate) fn show(self, run: RunView, shown: &Shown) {
        let dashboard = WebDashboard::new(run).tracker(self.tracker);
        match dashboard.serve_on(self.listener) {
            Ok(server) => drop(shown.set(server)),
            Err(error) => progress::note(&format!("no page: {error}")),
        }
    }
}

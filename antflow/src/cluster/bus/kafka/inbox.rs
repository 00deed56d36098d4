use std::fmt;
use std::sync::Arc;

use super::super::{BusError, BusFuture, Inbox, Post};
use super::desk::Desk;

/// Hands out what its thread hears. The thread ends after this is dropped.
pub(super) struct KafkaInbox {
    desk: Arc<Desk>,
}

impl KafkaInbox {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }
}

impl Inbox for KafkaInbox {
    fn next(&mut self) -> BusFuture<'_, Option<Result<Post, BusError>>> {
        Box::pin(self.desk.next())
    }
}

impl Drop for KafkaInbox {
    fn drop(&mut self) {
        self.desk.leave();
    }
}

impl fmt::Debug for KafkaInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaInbox")
            .field("posts", &self.desk.posts())
            .finish_non_exhaustive()
    }
}

//! What a post is in NATS: its bytes are the payload, its key is a header.

use async_nats::{HeaderMap, Message};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::super::Post;
use crate::cluster::protocol::Topic;

/// Where the key is.
const KEY: &str = "Antflow-Key";

/// What a header does not keep as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b' ');

/// The header that goes before the bytes of a post.
pub(super) fn headers(post: &Post) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let key = utf8_percent_encode(&post.key, ENCODED).to_string();
    headers.insert(KEY, key);
    headers
}

/// A post that was said on this topic. What others say there may have no key.
pub(super) fn read(topic: &Topic, message: &Message) -> Post {
    let headers = message.headers.as_ref();
    let key = headers.and_then(|headers| headers.get(KEY));
    let key = key.map(|key| {
        percent_decode_str(key.as_str())
            .decode_utf8_lossy()
            .into_owned()
    });
    Post {
        topic: topic.clone(),
        key: key.unwrap_or_default(),
        bytes: message.payload.as_ref().into(),
    }
}

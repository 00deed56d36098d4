//! What a notification says. It is text of 8000 bytes at most, without a zero in it.

use super::super::Post;
use crate::cluster::protocol::Topic;

/// The longest notification.
const LONGEST: usize = 7_999;

/// What is heard on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// A post as it is.
    Post { key: String, bytes: Vec<u8> },
    /// The number of a post that is in a table, as it does not fit.
    Large(i64),
    /// Members of groups may look whether there is something.
    Wake,
}

impl Notice {
    /// The notification of a post; `None` if it has to go through a table.
    pub(super) fn write(post: &Post) -> Option<String> {
        let text = std::str::from_utf8(&post.bytes).ok()?;
        let notice = format!("p{}:{}{text}", post.key.len(), post.key);
        (notice.len() <= LONGEST && !notice.contains('\0')).then_some(notice)
    }

    /// The notification of nothing but that there is something.
    pub(super) const WAKE: &'static str = "w";

    /// Before the number of a post in a table.
    pub(super) const LARGE: &'static str = "l";

    /// What a notification says; `None` if it is none of ours.
    pub(super) fn read(text: &str) -> Option<Self> {
        if text == Self::WAKE {
            return Some(Self::Wake);
        }
        if let Some(number) = text.strip_prefix(Self::LARGE) {
            return number.parse().ok().map(Self::Large);
        }
        let (length, rest) = text.strip_prefix('p')?.split_once(':')?;
        let (key, text) = rest.split_at_checked(length.parse().ok()?)?;
        Some(Self::Post {
            key: key.to_owned(),
            bytes: text.as_bytes().to_vec(),
        })
    }
}

/// A post that was said on this topic.
pub(super) fn post(topic: &Topic, key: String, bytes: &[u8]) -> Post {
    Post {
        topic: topic.clone(),
        key,
        bytes: bytes.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str, bytes: &[u8]) -> Post {
        post(&Topic::Runs, key.to_owned(), bytes)
    }

    #[test]
    fn what_fits_is_read_as_it_was_written() {
        for (key, text) in [("", ""), ("run:node", "{}"), ("12:ü", "3:x\n"), ("p", "p")] {
            let written = Notice::write(&of(key, text.as_bytes())).unwrap();
            let read = Notice::Post {
                key: key.to_owned(),
                bytes: text.as_bytes().to_vec(),
            };
            assert_eq!(Notice::read(&written), Some(read));
        }
        assert_eq!(Notice::write(&of("", &[b'a'; 7_996])).unwrap().len(), 7_999);
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        for (key, bytes) in [
            ("", &[b'a'; 7_997][..]),
            ("", b"\xff"),
            ("", b"\0"),
            ("\0", b""),
        ] {
            assert_eq!(Notice::write(&of(key, bytes)), None);
        }
    }

    #[test]
    fn what_others_say_is_no_notice() {
        for text in ["", "p", "p9:short", "px:a", "p1:ü", "hello", "l", "lx"] {
            assert_eq!(Notice::read(text), None, "{text}");
        }
        assert_eq!(Notice::read("l17"), Some(Notice::Large(17)));
        assert_eq!(Notice::read("w"), Some(Notice::Wake));
    }
}

//! What is said of a server of NATS to who looks for what is wrong.

use async_nats::jetstream::stream::StorageType;

use super::super::BusError;
use super::error::unavailable;
use super::names::Way;
use super::shared::Shared;
use crate::cluster::Finding;

/// The oldest version with which the tests run.
const OLDEST: (u64, u64) = (2, 9);

/// From this version on, `sync_interval: always` has the disk asked to keep what is acknowledged.
const SYNCED: (u64, u64) = (2, 10);

/// Looks at the server, and at the streams.
pub(super) async fn examine(shared: &Shared) -> Result<Vec<Finding>, BusError> {
    shared.link.is_up().await?;
    let info = shared.link.client.server_info();
    let mut findings = vec![
        version(&info.version),
        Finding::fine(
            "bus: payloads",
            format!("the server takes posts of {} bytes", info.max_payload),
        ),
    ];
    for way in [Way::Hint, Way::Event] {
        findings.push(stream(shared, way).await?);
    }
    Ok(findings)
}

fn version(version: &str) -> Finding {
    const WHAT: &str = "bus: version";
    let said = format!("NATS {version}");
    let mut numbers = version
        .split(['.', '-'])
        .map_while(|part| part.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < OLDEST => {
            let advice = "update the server: antflow is tested with 2.9 and later";
            Finding::problem(WHAT, said, advice)
        }
        (Some(major), Some(minor)) if (major, minor) < SYNCED => {
            let advice = "a loss of power may cost what was said in the last two minutes: no work, as that is in the \
                          store; from 2.10 on `sync_interval: always` prevents it";
            Finding::warning(WHAT, said, advice)
        }
        _ => Finding::fine(WHAT, said),
    }
}

async fn stream(shared: &Shared, way: Way) -> Result<Finding, BusError> {
    let name = shared.names.stream(way);
    let what = format!("bus: stream `{name}`");
    let wrong = |error: String| unavailable(format!("looking at the stream `{name}`"), error);
    let subject = shared.names.subjects(way).into_iter().next();
    let subject = subject.unwrap_or_default();
    let context = &shared.link.context;
    // It may have another name, if somebody else has made it.
    let named = context.stream_by_subject(subject).await;
    let named = named.map_err(|error| wrong(error.to_string()))?;
    let stream = context.get_stream(named).await;
    let stream = stream.map_err(|error| wrong(error.to_string()))?;
    let (config, state) = (&stream.cached_info().config, &stream.cached_info().state);
    let said = format!(
        "{} messages, {} replicas",
        state.messages, config.num_replicas
    );
    if config.storage == StorageType::Memory {
        let advice = "it is in memory: a restart of the server costs what was not heard; make it anew, on files";
        return Ok(Finding::warning(what, said, advice));
    }
    Ok(Finding::fine(what, said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Severity;

    #[test]
    fn versions_are_told_apart() {
        for (text, severity) in [
            ("2.8.4", Severity::Problem),
            ("2.9.10", Severity::Warning),
            ("2.10.0-beta.1", Severity::Fine),
            ("3.0.0", Severity::Fine),
            ("dev", Severity::Fine),
        ] {
            assert_eq!(version(text).severity, severity, "{text}");
        }
    }
}

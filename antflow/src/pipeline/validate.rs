use std::collections::HashSet;

use super::chain::Description;
use super::error::ConfigError;
use crate::stage::{Retry, StageConfig};

/// Finds all that cannot work, and says it together.
pub(super) fn validate(stages: &[Description]) -> Result<(), ConfigError> {
    let mut mistakes = Vec::new();
    let mut names = HashSet::new();
    for Description {
        config,
        mistakes: settings,
    } in stages
    {
        let name = &config.name;
        let mut say = |what: &str| mistakes.push(format!("stage `{name}`: {what}"));
        for setting in settings {
            say(&format!(
                "`{setting}` is set, but the stage does not retry: add `retry` to its attribute"
            ));
        }
        if name.is_empty() {
            say("its name is empty");
        }
        if !names.insert(name.as_ref()) {
            say("there is another stage of this name: rename one with `.named(\"..\")`");
        }
        numbers(config, &mut say);
        if let Some(retry) = &config.retry {
            retries(retry, &mut say);
        }
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(ConfigError { mistakes })
    }
}

fn numbers(config: &StageConfig, say: &mut impl FnMut(&str)) {
    if config.workers == 0 {
        say("`workers` must be at least 1");
    }
    if config.queue == Some(0) {
        say("`queue` must be at least 1");
    }
    if config.concurrency == Some(0) {
        say("`concurrency` must be at least 1: nothing would ever start");
    }
    if config.timeout.is_some_and(|timeout| timeout.is_zero()) {
        say("`timeout` must be longer than zero");
    }
    if config
        .rate
        .is_some_and(|rate| rate.count == 0 || rate.per.is_zero())
    {
        say("`rate` needs a count of at least 1 and a period longer than zero");
    }
}

fn retries(retry: &Retry, say: &mut impl FnMut(&str)) {
    if retry.attempts == 0 {
        say("`attempts` must be at least 1: the first try counts");
    }
    if retry.max_wait.is_some() && !retry.exponential {
        say("`max_wait` bounds a growing pause: it needs an exponential backoff");
    }
    if retry.max_wait.is_some_and(|max| max < retry.wait) {
        say("`max_wait` is shorter than `wait`");
    }
}

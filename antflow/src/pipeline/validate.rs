use std::collections::HashSet;
use std::time::Duration;

use super::chain::Description;
use super::error::ConfigError;
use crate::stage::{Rate, Retry, StageConfig, TaskConfig};

/// More workers than this are a slip, and would be a lot of memory.
pub(super) const MOST_WORKERS: usize = 1 << 20;

/// Finds all that cannot work, and says it together.
pub(super) fn validate(
    stages: &[Description],
    tasks: &[Vec<TaskConfig>],
) -> Result<(), ConfigError> {
    let mut mistakes = Vec::new();
    let mut names = HashSet::new();
    for (stage, tasks) in stages.iter().zip(tasks) {
        let Description {
            config,
            retries: settings,
            mistakes: others,
            ..
        } = stage;
        let name = &config.name;
        let mut say = |what: &str| mistakes.push(format!("stage `{name}`: {what}"));
        for setting in settings {
            say(&format!(
                "`{setting}` is set, but the stage does not retry: add `retry` to its attribute"
            ));
        }
        for mistake in others {
            say(mistake);
        }
        if name.is_empty() {
            say("its name is empty");
        }
        if !names.insert(name.as_ref()) {
            say("there is another stage of this name: rename one with `.named(\"..\")`");
        }
        pool(config, &mut say);
        limits(config.timeout, config.concurrency, config.rate, &mut say);
        if let Some(retry) = &config.retry {
            retries(retry, &mut say);
        }
        for task in tasks {
            let mut say = |what: &str| say(&format!("task `{}`: {what}", task.name));
            limits(task.timeout, task.concurrency, task.rate, &mut say);
        }
    }
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(ConfigError { mistakes })
    }
}

fn pool(config: &StageConfig, say: &mut impl FnMut(&str)) {
    if config.workers == 0 {
        say("`workers` must be at least 1");
    }
    if config.workers > MOST_WORKERS {
        say(&format!("`workers` must be at most {MOST_WORKERS}"));
    }
    if config.queue == Some(0) {
        say("`queue` must be at least 1");
    }
}

fn limits(
    timeout: Option<Duration>,
    concurrency: Option<usize>,
    rate: Option<Rate>,
    say: &mut impl FnMut(&str),
) {
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        say("`timeout` must be longer than zero");
    }
    if concurrency == Some(0) {
        say("`concurrency` must be at least 1: nothing would ever start");
    }
    if rate.is_some_and(Rate::is_zero) {
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

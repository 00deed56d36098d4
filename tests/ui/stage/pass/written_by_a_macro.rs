//! Stages, lists and pipelines with parts that come out of `macro_rules!`.
#![deny(warnings)]

use antflow::{pipeline, stage, task};

macro_rules! doubling {
    ($name:ident, $number:ty, $workers:expr, $timeout:literal) => {
        #[stage(workers = $workers, timeout = $timeout)]
        async fn $name(number: $number) -> $number {
            number * 2
        }
    };
}

doubling!(double, u32, 4, "5s");

macro_rules! listing {
    ($stage:ident: $($task:path),*) => {
        #[stage]
        struct $stage($($task),*);
    };
}

#[task]
async fn halve(number: &u32) -> u32 {
    number / 2
}

listing!(Quarter: halve, halve);

macro_rules! wired {
    ($($stage:expr),* ; $last:ident) => {
        ($(pipeline!($stage),)* pipeline!($last.workers(3)))
    };
}

fn main() {
    let (first, second) = wired!(double; Quarter);
    assert_eq!(first.stage_names(), ["Double"]);
    assert_eq!(second.worker_names()["Quarter"].len(), 3);
}

//! What may stand between two `>>`.
#![deny(warnings)]

use std::convert::Infallible;
use std::time::Duration;

use antflow::{StageExt, from_fn, pipeline, stage};

#[stage]
async fn double(number: u32) -> u32 {
    number * 2
}

mod nested {
    pub(super) mod deeper {
        #[antflow::stage]
        pub(crate) async fn halve(number: u32) -> u32 {
            number / 2
        }
    }
}

#[stage]
async fn pass<T: Send + 'static>(value: T) -> T {
    value
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let scaled = double {}.named("Scaled").workers(2);
    let etl = pipeline!(
        double.workers(16).queue(100).timeout(Duration::from_secs(1))
            >> self::nested::deeper::halve.workers(2)
            >> (scaled)
            >> from_fn("Plus one", async |number: u32| Ok::<_, Infallible>(number + 1))
            >> pass::<u32>
            >> { pass::<u32>::default().named("Again") }
            >> pass::<u32>.named("Last")
    );
    let results = etl.run([5]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), &11);
    let etl = pipeline!(pass::<Vec<Vec<u32>>> >> pass::<Vec<Vec<u32>>>.named("Nested").ordered());
    assert_eq!(etl.stage_names(), ["Pass", "Nested"]);
}

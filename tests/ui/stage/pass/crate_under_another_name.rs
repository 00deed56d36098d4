//! `crate = path` for those who re-export antflow.
#![deny(warnings)]

mod facade {
    pub(crate) use antflow as flow;
}

mod antflow_is_elsewhere {
    use crate::facade::flow::{self, State};

    #[flow::stage(crate = crate::facade::flow, workers = 2, rate = "1/s", retry = "per_task", on_wait = "hold")]
    pub(super) async fn double(number: u32, State(_): State<u8>) -> Result<u32, std::io::Error> {
        Ok(number * 2)
    }

    #[flow::task(crate = crate::facade::flow)]
    pub(super) async fn halve(number: u32) -> u32 {
        number / 2
    }

    #[flow::stage(crate = crate::facade::flow)]
    pub(super) struct Halve(halve);
}

mod beyond_a_line {
    use crate::facade::flow;

    #[derive(flow::Route)]
    #[route(crate = crate::facade::flow)]
    pub(super) enum Parity {
        Odd(u32),
        Even(u32),
    }

    #[flow::stage(crate = crate::facade::flow)]
    pub(super) async fn sort(number: u32) -> Parity {
        if number % 2 == 0 { Parity::Even(number) } else { Parity::Odd(number) }
    }
}

macro_rules! tripling {
    ($name:ident) => {
        #[facade::flow::stage(crate = $crate::facade::flow, retry = "per_task")]
        async fn $name(number: u32) -> Result<u32, std::io::Error> {
            Ok(number * 3)
        }

        facade::flow::pipeline! {
            crate = $crate::facade::flow;
            Tripled: u32 => u32 = $name.workers(2);
        }
    };
}

tripling!(triple);

fn main() {
    assert_eq!(Tripled::new().stage_names(), ["Triple"]);
    assert_eq!(Tripled::GRAPH.stages().len(), 1);
    use antflow_is_elsewhere::{Halve, double};

    let etl = facade::flow::pipeline!(crate = crate::facade::flow; double.workers(3) >> Halve);
    assert_eq!(etl.stage_names(), ["Double", "Halve"]);

    use beyond_a_line::sort;
    facade::flow::pipeline! {
        crate = crate::facade::flow;
        Sorted: u32 => u32 = sort >> { Odd => triple, Even => Halve };
    }
    assert_eq!(Sorted::new().stage_names(), ["Sort", "Triple", "Halve"]);
    let sorted = facade::flow::pipeline!(
        crate = crate::facade::flow;
        Halve >> filter(|half| *half > 1) >> (triple & sort >> { Odd => triple.named("Odd"), Even => triple.named("Even") })
    );
    assert_eq!(sorted.stage_names(), ["Halve", "Triple", "Sort", "Odd", "Even"]);
}

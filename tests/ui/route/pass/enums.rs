//! Enums whose variants go different ways.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]

use antflow::{Pipeline, Route, pipeline, stage};

/// Every kind of variant.
#[derive(Debug, Clone, Route)]
pub enum Document {
    /// One field.
    Text(String),
    /// Several.
    Table(Vec<u32>, u32),
    /// None.
    Empty,
    /// None, in parentheses.
    Nothing(),
    /// A word of the language.
    r#Match(u8),
}

#[derive(Route)]
enum Either<L, R: Clone, const N: usize = 1>
where
    L: Copy,
{
    Left(L),
    Right([R; N]),
}

#[derive(Route)]
enum One {
    One(u32),
}

/// Types of variants may have the names of variants, of the builder's parts and of the prelude.
mod names {
    use antflow::{Route, pipeline, stage};

    pub(super) struct Open;
    pub(super) struct Taken;
    pub(super) struct Option(pub(super) u8);

    #[derive(Route)]
    pub(super) enum Branches {
        Open(Open),
        Taken(Taken),
        Option(Option),
        Some(Option),
    }

    #[stage]
    async fn sort(number: u8) -> Branches {
        match number {
            0 => Branches::Open(Open),
            1 => Branches::Taken(Taken),
            2 => Branches::Option(Option(number)),
            _ => Branches::Some(Option(number)),
        }
    }

    #[stage]
    async fn open(_: Open) -> u8 {
        0
    }

    #[stage]
    async fn taken(_: Taken) -> u8 {
        1
    }

    #[stage]
    async fn option(option: Option) -> u8 {
        option.0
    }

    pub(super) async fn run() {
        let route = { Open {} };
        let _ = route;
        let all = pipeline!(sort >> { Open => open, Taken => taken, Option => option, Some => option.named("Some") });
        let results = all.run([0, 1, 2, 3]).await.unwrap();
        for (result, number) in results.iter().zip(0_u8..) {
            assert_eq!(result.value.as_ref().unwrap(), &number);
        }
    }
}

#[stage]
async fn pass<T: Send + 'static>(value: T) -> T {
    value
}

#[stage]
async fn classify(number: u32) -> Document {
    match number {
        0 => Document::Empty,
        1 => Document::Nothing(),
        2 => Document::r#Match(2),
        3 => Document::Table(vec![1, 2], 1),
        _ => Document::Text("4".to_owned()),
    }
}

#[stage]
async fn length(text: String) -> Option<u32> {
    text.parse().ok()
}

#[stage]
async fn sum(numbers: Vec<u32>, factor: u32) -> Option<u32> {
    Some(numbers.iter().sum::<u32>() * factor)
}

#[stage]
async fn nothing(_: ()) -> Option<u32> {
    None
}

#[stage]
async fn widen(number: u8) -> Option<u32> {
    Some(number.into())
}

#[stage]
async fn choose(number: u32) -> Either<u32, u8, 2> {
    if number > 5 { Either::Left(number) } else { Either::Right([0, 5]) }
}

#[stage]
async fn last(bytes: [u8; 2]) -> u32 {
    bytes[1].into()
}

#[stage]
async fn one(number: u32) -> One {
    One::One(number)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let all = pipeline!(
        classify >> {
            Text => length,
            Table => sum,
            Empty => nothing,
            Nothing => nothing.named("Nothing at all"),
            r#Match => widen,
        }
    );
    let results = all.run(0..5).await.unwrap();
    let values: Vec<_> = results.iter().map(|result| *result.value.as_ref().unwrap()).collect();
    assert_eq!(values, [None, None, Some(2), Some(3), Some(4)]);

    let either = pipeline!(choose >> { Left => pass::<u32>, Right => last } >> one >> { One => pass::<u32>.named("Again") });
    let results = either.run([3, 7]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), &5);
    assert_eq!(results[1].value.as_ref().unwrap(), &7);

    let built = Pipeline::builder().stage(choose {}).route(|routes| {
        routes.Right(|start| start.stage(last {})).Left(|start| start.stage(pass::<u32>::default()))
    });
    let results = built.run([3]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), &5);
    names::run().await;
}

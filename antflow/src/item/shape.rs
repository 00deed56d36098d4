use std::marker::PhantomData;

use super::{ItemError, Yield};

/// What a result holds, by what the items of a pipeline go through: their values as they come to the end, or what became
/// of the parts into which they were divided.
pub trait Shape: Send + Sync + 'static {
    /// What a result holds if items, or all parts of them, come to the end as `T`.
    type Of<T: Send + 'static>: Send + 'static;

    /// How many times items are divided, so that it is their parts that come to the end.
    const DIVISIONS: usize;

    /// Whether items are divided into copies for branches, all of which are in the result.
    const SPLITS: bool;

    /// How many filters there are.
    const FILTERS: usize;

    /// What a result holds of an item that came to the end as this, where items are not divided.
    fn lift<T: Send + 'static>(value: T) -> Self::Of<T>;

    /// What a result holds if this came of the item; `last` says what came of what was not divided any more.
    fn assemble<T: Send + 'static>(yielded: Yield, last: &mut dyn FnMut(Yield) -> T)
    -> Self::Of<T>;
}

/// What came of a part.
type Parted<T> = Result<T, ItemError>;

/// Items stay whole.
#[derive(Debug)]
pub enum Undivided {}

impl Shape for Undivided {
    type Of<T: Send + 'static> = T;

    const DIVISIONS: usize = 0;
    const SPLITS: bool = false;
    const FILTERS: usize = 0;

    #[inline]
    fn lift<T: Send + 'static>(value: T) -> T {
        value
    }

    fn assemble<T: Send + 'static>(yielded: Yield, last: &mut dyn FnMut(Yield) -> T) -> T {
        last(yielded)
    }
}

/// Behind a shape, some items are let go.
#[derive(Debug)]
pub struct Filtered<H>(PhantomData<fn() -> H>);

impl<H: Shape> Shape for Filtered<H> {
    type Of<T: Send + 'static> = H::Of<Option<T>>;

    const DIVISIONS: usize = H::DIVISIONS;
    const SPLITS: bool = H::SPLITS;
    const FILTERS: usize = H::FILTERS + 1;

    #[inline]
    fn lift<T: Send + 'static>(value: T) -> Self::Of<T> {
        H::lift(Some(value))
    }

    fn assemble<T: Send + 'static>(
        yielded: Yield,
        last: &mut dyn FnMut(Yield) -> T,
    ) -> Self::Of<T> {
        H::assemble(yielded, &mut |yielded| match yielded {
            Yield::Dropped(filter) if filter == H::FILTERS => None,
            kept => Some(last(kept)),
        })
    }
}

/// Behind a shape, items are divided into any number of parts.
#[derive(Debug)]
pub struct Spread<H>(PhantomData<fn() -> H>);

impl<H: Shape> Shape for Spread<H> {
    type Of<T: Send + 'static> = H::Of<Vec<Parted<T>>>;

    const DIVISIONS: usize = H::DIVISIONS + 1;
    const SPLITS: bool = H::SPLITS;
    const FILTERS: usize = H::FILTERS;

    fn lift<T: Send + 'static>(_: T) -> Self::Of<T> {
        unreachable!("the parts of an item come together elsewhere")
    }

    fn assemble<T: Send + 'static>(
        yielded: Yield,
        last: &mut dyn FnMut(Yield) -> T,
    ) -> Self::Of<T> {
        H::assemble(yielded, &mut |yielded| {
            let parts = yielded.into_parts(H::DIVISIONS).into_iter();
            parts.map(|part| part.map(&mut *last)).collect()
        })
    }
}

/// Behind a shape, items are divided into one part for each branch, and the parts have shapes of their own.
#[derive(Debug)]
pub struct Split<H, B>(PhantomData<fn() -> (H, B)>);

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

macro_rules! split {
    ($($branch:ident)+) => {
        impl<H: Shape, $($branch: Shape),+> Shape for Split<H, ($($branch,)+)> {
            type Of<T: Send + 'static> = H::Of<($(Parted<$branch::Of<T>>,)+)>;

            const SPLITS: bool = true;
            // What stands behind the branches has more in front of it than what stands in any of them.
            const DIVISIONS: usize = {
                let most = H::DIVISIONS + 1;
                $(let most = max(most, $branch::DIVISIONS);)+
                most
            };
            const FILTERS: usize = {
                let most = H::FILTERS;
                $(let most = max(most, $branch::FILTERS);)+
                most
            };

            fn lift<T: Send + 'static>(_: T) -> Self::Of<T> {
                unreachable!("the parts of an item come together elsewhere")
            }

            fn assemble<T: Send + 'static>(
                yielded: Yield,
                last: &mut dyn FnMut(Yield) -> T,
            ) -> Self::Of<T> {
                H::assemble(yielded, &mut |yielded| {
                    let mut parts = yielded.into_parts(H::DIVISIONS).into_iter();
                    ($(next(&mut parts).map(|part| $branch::assemble(part, last)),)+)
                })
            }
        }
    };
}

split!(A B);
split!(A B C);
split!(A B C D);
split!(A B C D E);
split!(A B C D E F);
split!(A B C D E F G);
split!(A B C D E F G H8);

/// What came of the next part.
pub(crate) fn next(parts: &mut impl Iterator<Item = Parted<Yield>>) -> Parted<Yield> {
    parts.next().expect("there is a part for each branch")
}

impl Yield {
    /// The value of an item that was not divided and not let go.
    pub(crate) fn into_value<T: 'static>(self) -> T {
        let value = match self {
            Self::Value(value) => value.downcast().ok(),
            Self::Dropped(_) | Self::Parts(..) => None,
        };
        *value.expect("the shape of a pipeline is that of its stages")
    }

    /// The parts of an item that was divided where so many divisions stand in front; the one part that it is if it was
    /// fed behind that place.
    pub(crate) fn into_parts(self, depth: usize) -> Vec<Parted<Self>> {
        match self {
            Self::Parts(place, parts) if place == depth => parts,
            whole => vec![Ok(whole)],
        }
    }
}

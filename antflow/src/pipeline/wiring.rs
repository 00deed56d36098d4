//! How a pipeline grows at its end.

use std::sync::Arc;
use std::time::Duration;

use super::Pipeline;
use super::chain::{
    Agree, Batched, Broadcast, Copies, Exhaustive, Filter, FirstStage, FlatMap, Flow, Fork,
    IntoBranches, Merge, MergeInto, Routed, Routes, Start, Tee,
};
use crate::event::Observer;
use crate::stage::{Accepts, IntoStage, Route, TakesBatches};

impl<C, St> Pipeline<C, St> {
    /// The same with another chain, and with these observers as well.
    pub(super) fn rewired<D>(
        self,
        observers: Vec<Arc<dyn Observer>>,
        wire: impl FnOnce(C) -> D,
    ) -> Pipeline<D, St> {
        let Self {
            chain,
            state,
            observers: mut all,
            collect,
            trace,
        } = self;
        all.extend(observers);
        Pipeline {
            chain: wire(chain),
            state,
            observers: all,
            collect,
            trace,
        }
    }
}

impl<C: Flow, St: Send + Sync + 'static> Pipeline<C, St> {
    /// Lets only those items go on for which `keep` says so. The result of an item holds an `Option`: `None` for one that
    /// was let go, which counts as completed.
    ///
    /// `keep` is called by the workers of the stage in front, so it should be quick. If it panics, the item fails.
    /// In `pipeline!` it is written `fetch >> filter(is_new) >> store`.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let halve = from_fn("Halve", async |n: u32| Ok::<_, std::io::Error>(n / 2));
    /// let odd = Pipeline::builder().stage(halve).filter(|n| n % 2 == 1);
    /// let results = odd.run([2, 4]).await?;
    /// assert_eq!(results[0].value.as_ref().ok(), Some(&Some(1)));
    /// assert_eq!(results[1].value.as_ref().ok(), Some(&None));
    /// # Ok(())
    /// # }
    /// ```
    pub fn filter(
        self,
        keep: impl Fn(&C::Next) -> bool + Send + Sync + 'static,
    ) -> Pipeline<Filter<C>, St> {
        self.rewired(Vec::new(), |chain| Filter::new(chain, Arc::new(keep)))
    }

    /// Sends any number of parts on in the place of each item: what `divide` gives for it, as fast as there is room for
    /// them. The result of an item holds what became of each part, in their order, and comes when all have ended.
    ///
    /// `divide` and the iterator that it gives are called by the workers of the stage in front, so they should be quick.
    /// If `divide` panics, the item fails; if the iterator does, its last part is that failure.
    /// In `pipeline!` it is written `fetch >> flat_map(links) >> visit`.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let trim = from_fn("Trim", async |line: &'static str| Ok::<_, std::io::Error>(line.trim()));
    /// let parse = from_fn("Parse", async |word: &'static str| word.parse::<u32>());
    /// let numbers = Pipeline::builder().stage(trim).flat_map(str::split_whitespace).stage(parse);
    /// let mut results = numbers.run(["1 x 3 "]).await?;
    /// let parts = results.remove(0).value.expect("no part of it failed before it was divided");
    /// let numbers: Vec<_> = parts.iter().flatten().collect();
    /// assert_eq!(numbers, [&1, &3]);
    /// assert!(parts[1].is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn flat_map<I>(
        self,
        divide: impl Fn(C::Next) -> I + Send + Sync + 'static,
    ) -> Pipeline<FlatMap<C, I::Item>, St>
    where
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static>,
    {
        self.rewired(Vec::new(), |chain| {
            FlatMap::new(
                chain,
                Arc::new(move |value| Box::new(divide(value).into_iter())),
            )
        })
    }

    /// Adds a stage at the end that takes items in batches: as a `Vec` of up to `size` of them, or of those that came
    /// within `max_wait` of the first. What it gives is a value for each item, which goes on for itself; where single
    /// items may fail, it gives a [`PerItem`]. If the stage fails, all items of the batch do.
    ///
    /// A batch goes on as it is when the run accepts nothing more and nothing else is on its way. The stage counts
    /// batches, its workers and its queue take batches, and its context speaks of the first item of one; its events are
    /// made for each item. In `pipeline!` it is written `parse >> batch(100, "1s") >> save`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use antflow::{PerItem, Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let trim = from_fn("Trim", async |text: &'static str| Ok::<_, std::io::Error>(text.trim()));
    /// let parse = from_fn("Parse", async |batch: Vec<&'static str>| {
    ///     Ok::<PerItem<u32>, std::io::Error>(batch.into_iter().map(str::parse::<u32>).collect())
    /// });
    /// let numbers = Pipeline::builder().stage(trim).batch(2, Duration::from_secs(1), parse);
    /// let results = numbers.run(["1 ", "x", " 3"]).await?;
    /// assert_eq!(results[0].value.as_ref().ok(), Some(&1));
    /// assert!(results[1].error().is_some());
    /// assert_eq!(results[2].value.as_ref().ok(), Some(&3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`PerItem`]: crate::PerItem
    pub fn batch<S>(
        self,
        size: usize,
        max_wait: Duration,
        stage: S,
    ) -> Pipeline<Batched<C, S::Stage>, St>
    where
        S: IntoStage<Stage: TakesBatches<C::Next>>,
    {
        self.rewired(Vec::new(), |chain| {
            Batched::new(chain, stage.into_stage(), size, max_wait)
        })
    }

    /// Sends each item to several branches, a copy to each: the closure gives a tuple of two to eight branches, each of
    /// which begins at the `Start` that it is given. The result of an item holds what became of each copy, as a tuple of
    /// results, and comes when all have ended.
    ///
    /// What a branch is made of is its stages and its observers; other settings are those of this pipeline.
    ///
    /// Branches come together again in a stage that is added by [`merge`](Self::merge). In `pipeline!` it is written
    /// `fetch >> (archive & parse >> store)`. If the copying panics, that copy has failed.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let trim = from_fn("Trim", async |text: &'static str| Ok::<_, std::io::Error>(text.trim()));
    /// let parse = from_fn("Parse", async |text: &'static str| text.parse::<u32>());
    /// let count = from_fn("Count", async |text: &'static str| Ok::<_, std::io::Error>(text.len()));
    /// let both = Pipeline::builder()
    ///     .stage(trim)
    ///     .tee(|start| (start.stage(parse), start.stage(count)));
    /// let mut results = both.run(["abc "]).await?;
    /// let (number, length) = results.remove(0).value.expect("it came to both branches");
    /// assert!(number.is_err());
    /// assert_eq!(length.ok(), Some(3));
    /// # Ok(())
    /// # }
    /// ```
    pub fn tee<B>(
        self,
        branches: impl FnOnce(Start<C::Next>) -> B,
    ) -> Pipeline<Tee<C, B::Branches>, St>
    where
        C: Copies<C::Next>,
        B: IntoBranches<C::Next>,
    {
        let (branches, observers) = branches(Start::new()).into_branches();
        self.rewired(observers, |chain| Tee::new(chain, branches))
    }

    /// Sends each item to all of several stages of one kind, a copy to each. The result of an item holds what became of
    /// each copy, in the order of the stages, and comes when all have ended. A stage that is added behind gets them all.
    ///
    /// In `pipeline!` it is written `fetch >> broadcast(mirrors)`. Each of the stages needs a name of its own.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let trim = from_fn("Trim", async |text: &'static str| Ok::<_, std::io::Error>(text.trim()));
    /// let mirrors = (1..=3).map(|mirror| {
    ///     from_fn(format!("Mirror{mirror}"), move |text: &'static str| async move {
    ///         Ok::<_, std::io::Error>(format!("{mirror}: {text}"))
    ///     })
    /// });
    /// let mut results = Pipeline::builder().stage(trim).broadcast(mirrors).run(["ant "]).await?;
    /// let copies = results.remove(0).value.expect("it came to all of them");
    /// assert_eq!(copies[2].as_ref().ok().map(String::as_str), Some("3: ant"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn broadcast<S>(
        self,
        stages: impl IntoIterator<Item = S>,
    ) -> Pipeline<Broadcast<C, FirstStage<S::Stage>>, St>
    where
        C: Copies<C::Next>,
        S: IntoStage<Stage: Accepts<C::Next>>,
    {
        let branches = stages.into_iter();
        let branches = branches.map(|stage| FirstStage::new(stage.into_stage()));
        let branches = branches.collect();
        self.rewired(Vec::new(), |chain| Broadcast::new(chain, branches))
    }

    /// Sends each item into one branch, by its variant: the closure is given a method for each variant, named as it is,
    /// that takes a closure which makes the branch. Every variant needs one. The branches are of stages alone and give the
    /// same type, or come together in a stage that is added by [`merge`](Self::merge).
    ///
    /// In `pipeline!` it is written `fetch >> { Html => html, Pdf => pdf } >> store`. See [`Route`].
    pub fn route<R>(
        self,
        routes: impl FnOnce(<C::Next as Route>::Routes) -> R,
    ) -> Pipeline<Routed<C, R::Ways>, St>
    where
        C::Next: Route,
        R: Exhaustive,
    {
        let collected = routes(C::Next::routes()).into_ways();
        self.rewired(collected.observers, |chain| {
            Routed::new(chain, collected.routes)
        })
    }
}

/// A pipeline that ends in branches which give the same type: so that the compiler looks at once whether they do.
pub fn agreed<C: Flow, R, St>(
    pipeline: Pipeline<Routed<C, R>, St>,
) -> Pipeline<R::Then<Routed<C, R>>, St>
where
    R: Routes + Agree<R::Next>,
{
    pipeline.rewired(Vec::new(), R::then)
}

impl<F: Fork, St: Send + Sync + 'static> Pipeline<F, St> {
    /// Adds a stage in which the branches come together: it takes what each of them gives. In `pipeline!` it is written
    /// as any other stage, `fetch >> (html & text) >> store`.
    ///
    /// ```
    /// use antflow::{Pipeline, from_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antflow::StartError> {
    /// let half = from_fn("Half", async |n: u32| Ok::<_, std::io::Error>(n / 2));
    /// let double = from_fn("Double", async |n: u32| Ok::<_, std::io::Error>(n * 2));
    /// let next = from_fn("Next", async |n: u32| Ok::<_, std::io::Error>(n + 1));
    /// let show = from_fn("Show", async |n: u32| Ok::<_, std::io::Error>(n.to_string()));
    /// let both = Pipeline::builder()
    ///     .stage(next)
    ///     .tee(|start| (start.stage(half), start.stage(double)))
    ///     .merge(show);
    /// let mut results = both.run([5]).await?;
    /// let (half, double) = results.remove(0).value.expect("it came to both branches");
    /// assert_eq!((half.ok(), double.ok()), (Some("3".to_owned()), Some("12".to_owned())));
    /// # Ok(())
    /// # }
    /// ```
    pub fn merge<S>(self, stage: S) -> Pipeline<Merge<F, S::Stage>, St>
    where
        S: IntoStage,
        F::Branches: MergeInto<S::Stage>,
    {
        self.rewired(Vec::new(), |fork| Merge::new(fork, stage.into_stage()))
    }
}

use std::ops::Deref;

/// A parameter of a stage function that is taken from the pipeline's shared state.
///
/// The state given to [`with_state`](crate::Pipeline::with_state) is either the `T` itself or something that
/// [`FromRef`] can take a `T` out of. It is cloned for every call, so wrap what is large in an `Arc`.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use antflow::{State, pipeline, stage};
///
/// #[stage]
/// async fn count(word: String, State(total): State<Arc<AtomicU64>>) -> usize {
///     total.fetch_add(1, Ordering::Relaxed);
///     word.len()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), antflow::StartError> {
/// let total = Arc::new(AtomicU64::new(0));
/// let etl = pipeline!(count).with_state(total.clone());
/// etl.run(["ant".to_owned(), "flow".to_owned()]).await?;
/// assert_eq!(total.load(Ordering::Relaxed), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Takes a part out of a pipeline's state, so that stages may ask for the parts that they use.
///
/// ```
/// use antflow::FromRef;
///
/// #[derive(Clone)]
/// struct Db;
///
/// struct App {
///     db: Db,
/// }
///
/// impl FromRef<App> for Db {
///     fn from_ref(app: &App) -> Self {
///         app.db.clone()
///     }
/// }
/// ```
pub trait FromRef<St> {
    /// The part of this state.
    fn from_ref(state: &St) -> Self;
}

impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> T {
        state.clone()
    }
}

/// Says that stage `S` can have its `State<Self>` from a pipeline whose state is `St`. Implemented through [`FromRef`].
#[diagnostic::on_unimplemented(
    message = "`{S}` needs `State<{Self}>`, which the pipeline's state `{St}` does not hold",
    label = "`State<{Self}>` is missing here",
    note = "give the pipeline its state with `.with_state(..)`: a `{Self}`, which must be `Clone`, or a struct for which `impl FromRef<{St}> for {Self}` exists"
)]
pub trait StateFor<S, St>: Sized {
    /// The value for one call.
    fn from_state(state: &St) -> Self;
}

#[diagnostic::do_not_recommend]
impl<S, St, T: FromRef<St>> StateFor<S, St> for T {
    fn from_state(state: &St) -> T {
        T::from_ref(state)
    }
}

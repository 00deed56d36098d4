use std::time::Duration;

/// How a [`PostgresStore`](super::PostgresStore) is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use]
pub struct PostgresOptions {
    /// The schema of the database that has all tables: small letters, digits and `_`. Stores in other schemas are
    /// other stores. `?schema=` of the URL goes before it. Default `antflow`.
    pub schema: String,
    /// Are the tables made, and brought to this version, when the store is opened? Default: yes.
    ///
    /// That takes the owner of the schema, or for the first time whoever may make it (`GRANT CREATE ON DATABASE`).
    /// Everybody else can do with less, once the owner has connected:
    /// ```sql
    /// GRANT USAGE ON SCHEMA antflow TO worker;
    /// GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA antflow TO worker;
    /// ```
    /// If the tables are those of this version, nothing is made and nothing more is needed, whatever this says. With
    /// `false`, a schema that is missing or older is an error, and nothing is tried.
    pub migrate: bool,
    /// How many bytes a payload, meta or checkpoint may have. Default 8 MiB.
    pub max_payload: usize,
    /// How many connections this store has at most. They are made when they are needed. Default 10.
    pub connections: usize,
    /// How long an operation takes at most, with all its waiting for connections and for others; then it is
    /// [`Unavailable`](crate::cluster::store::StoreError::Unavailable). The server ends sessions that stand still in
    /// a transaction for so long. Default 30 s.
    pub timeout: Duration,
    /// How long it takes at most to connect. Default 5 s.
    pub connect_timeout: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            schema: "antflow".into(),
            migrate: true,
            max_payload: 8 * 1024 * 1024,
            connections: 10,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

impl PostgresOptions {
    /// Takes another schema.
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Sets whether the tables are made when the store is opened.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// Sets how many bytes a payload, meta or checkpoint may have.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets how many connections the store has at most; at least 1.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets how long an operation takes at most.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long it takes at most to connect.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

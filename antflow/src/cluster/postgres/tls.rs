use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;

/// Is there TLS, and who is believed?
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    /// If the server has it, and whoever that is.
    Prefer,
    /// Whoever the server is.
    Require,
    /// A server with a certificate by one of these; `None`: by one that the machine trusts.
    Verify(Option<PathBuf>),
}

impl Mode {
    pub(super) fn of(mode: Option<&str>, roots: Option<PathBuf>) -> Result<Self, String> {
        match (mode, roots) {
            (Some("disable"), _) => Ok(Self::Disable),
            (None | Some("prefer"), None) => Ok(Self::Prefer),
            (Some("require"), None) => Ok(Self::Require),
            // Whoever says by whom it is to be believed wants it to be checked.
            (None | Some("prefer" | "require"), Some(roots)) => Ok(Self::Verify(Some(roots))),
            (Some("verify-full"), roots) => Ok(Self::Verify(roots)),
            (Some(_), _) => Err(
                "`sslmode` of the URL is one of `disable`, `prefer`, `require` and `verify-full`"
                    .into(),
            ),
        }
    }

    pub(super) fn ssl_mode(&self) -> SslMode {
        match self {
            Self::Disable => SslMode::Disable,
            Self::Prefer => SslMode::Prefer,
            Self::Require | Self::Verify(_) => SslMode::Require,
        }
    }

    /// # Errors
    /// What is wrong with the certificates of the authorities.
    pub(super) fn client_config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("there is no TLS: {error}"))?;
        let Self::Verify(file) = self else {
            let anybody = Arc::new(Anybody(provider));
            let builder = builder
                .dangerous()
                .with_custom_certificate_verifier(anybody);
            return Ok(builder.with_no_client_auth());
        };
        let roots = match file {
            Some(file) => of_file(file)?,
            None => of_machine()?,
        };
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

fn of_file(file: &Path) -> Result<RootCertStore, String> {
    let failed = |reason: &dyn std::fmt::Display| {
        format!(
            "`sslrootcert={}` is no file of certificates in PEM: {reason}",
            file.display()
        )
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| failed(&error))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(&error))?;
        roots.add(certificate).map_err(|error| failed(&error))?;
    }
    if roots.is_empty() {
        return Err(failed(&"it has none"));
    }
    Ok(roots)
}

fn of_machine() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(roots);
    }
    let reason = found.errors.first();
    let reason = reason.map_or_else(String::new, |error| format!(": {error}"));
    Err(format!(
        "this machine trusts no authority{reason}; install its certificates (`ca-certificates`), or name a file in PEM \
         by `sslrootcert=`"
    ))
}

/// Believes whoever answers, as long as it has the key of the certificate that it shows.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

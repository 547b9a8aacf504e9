package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"
	noop "go.opentelemetry.io/otel/trace/noop"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	generatedopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

// startServer starts the API server on the store, with the defaults of a cluster but for who may
// ask: authentication, authorization and admission are off. It gives a client configuration.
func startServer(ctx context.Context, endpoint string) (*rest.Config, error) {
	opts := options.NewCustomResourceDefinitionsServerOptions(os.Stderr, os.Stderr)
	flags := pflag.NewFlagSet("apiserver", pflag.ContinueOnError)
	opts.AddFlags(flags)
	err := flags.Parse([]string{
		"--etcd-servers=http://" + endpoint,
		"--etcd-prefix=/registry",
		"--enable-priority-and-fairness=false",
		// Far more than any step needs, so that nothing but the store slows it down.
		"--max-requests-inflight=3000",
		"--max-mutating-requests-inflight=1000",
	})
	if err != nil {
		return nil, err
	}
	recommended := opts.RecommendedOptions
	recommended.Authentication = nil
	recommended.Authorization = nil
	recommended.Admission = nil
	recommended.CoreAPI = nil
	certificates, err := os.MkdirTemp("", "apiserver-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(certificates)
	recommended.SecureServing.ServerCert.CertDirectory = certificates
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	recommended.SecureServing.Listener = listener
	recommended.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	if err := opts.Complete(); err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	config, err := configure(opts)
	if err != nil {
		return nil, err
	}
	server, err := config.Complete().New(genericapiserver.NewEmptyDelegate())
	if err != nil {
		return nil, err
	}
	failed := make(chan error, 1)
	go func() {
		defer utilruntime.HandleCrash()
		failed <- server.GenericAPIServer.PrepareRun().RunWithContext(ctx)
	}()
	client := rest.CopyConfig(server.GenericAPIServer.LoopbackClientConfig)
	client.QPS = -1
	return client, waitReady(ctx, client, failed)
}

// configure is what options.Config does, less the parts that need a core API server.
func configure(opts *options.CustomResourceDefinitionsServerOptions) (*apiextensions.Config, error) {
	recommended := opts.RecommendedOptions
	err := recommended.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	generic := genericapiserver.NewRecommendedConfig(apiextensions.Codecs)
	if err := opts.ServerRunOptions.ApplyTo(&generic.Config); err != nil {
		return nil, err
	}
	if err := recommended.ApplyTo(generic); err != nil {
		return nil, err
	}
	resources := apiextensions.DefaultAPIResourceConfigSource()
	if err := opts.APIEnablement.ApplyTo(&generic.Config, resources, apiextensions.Scheme); err != nil {
		return nil, err
	}
	definitions := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(generatedopenapi.GetOpenAPIDefinitions)
	namer := openapinamer.NewDefinitionNamer(apiextensions.Scheme, scheme.Scheme)
	generic.OpenAPIConfig = genericapiserver.DefaultOpenAPIConfig(definitions, namer)
	generic.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(definitions, namer)
	return &apiextensions.Config{
		GenericConfig: generic,
		ExtraConfig: apiextensions.ExtraConfig{
			CRDRESTOptionsGetter: options.NewCRDRESTOptionsGetter(
				*recommended.Etcd, generic.ResourceTransformers, generic.StorageObjectCountTracker),
			ServiceResolver: webhook.NewDefaultServiceResolver(),
			AuthResolverWrapper: webhook.NewDefaultAuthenticationInfoResolverWrapper(
				nil, nil, generic.LoopbackClientConfig, noop.NewTracerProvider()),
		},
	}, nil
}

func waitReady(ctx context.Context, config *rest.Config, failed <-chan error) error {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	for {
		reply, err := client.Get(config.Host + "/readyz")
		if err == nil {
			reply.Body.Close()
			if reply.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("/readyz answers %s", reply.Status)
		}
		select {
		case failure := <-failed:
			return fmt.Errorf("the API server ended: %w", failure)
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

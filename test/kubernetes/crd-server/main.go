// Kubernetes' own server of custom resources, k8s.io/apiextensions-apiserver, by itself: no core API beside it, no admission, and
// one user, who may do everything.
package main

import (
	"errors"
	"net"
	"net/http"
	"os"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/otel/trace/noop"

	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	generated "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apiserver/pkg/authentication/request/bearertoken"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	"k8s.io/apiserver/pkg/endpoints/discovery"
	"k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	namer "k8s.io/apiserver/pkg/endpoints/openapi"
	generic "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/apiserver/pkg/util/webhook"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/component-base/cli"
)

func main() {
	o := options.NewCustomResourceDefinitionsServerOptions(os.Stdout, os.Stderr)
	// These ask another API server.
	o.RecommendedOptions.Authentication = nil
	o.RecommendedOptions.Authorization = nil
	o.RecommendedOptions.CoreAPI = nil
	o.RecommendedOptions.Admission = nil
	o.RecommendedOptions.Features.EnablePriorityAndFairness = false
	var token string
	command := &cobra.Command{
		Use: "crd-server",
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return o.ServerRunOptions.ComponentGlobalsRegistry.Set()
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.Complete(); err != nil {
				return err
			}
			if err := o.Validate(); err != nil {
				return err
			}
			config, err := configOf(o, token)
			if err != nil {
				return err
			}
			server, err := config.Complete().New(generic.NewEmptyDelegate())
			if err != nil {
				return err
			}
			return server.GenericAPIServer.PrepareRun().RunWithContext(c.Context())
		},
	}
	command.SetContext(generic.SetupSignalContext())
	o.AddFlags(command.Flags())
	command.Flags().StringVar(&token, "token", "", "the bearer token of the one user")
	os.Exit(cli.Run(command))
}

// configOf is what options.Config makes, without the Services of a core API, in which it would look for conversion webhooks.
func configOf(o *options.CustomResourceDefinitionsServerOptions, token string) (*apiserver.Config, error) {
	if token == "" {
		return nil, errors.New("--token is needed")
	}
	r := o.RecommendedOptions
	if err := r.SecureServing.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, err
	}
	config := generic.NewRecommendedConfig(apiserver.Codecs)
	if err := o.ServerRunOptions.ApplyTo(&config.Config); err != nil {
		return nil, err
	}
	if err := r.ApplyTo(config); err != nil {
		return nil, err
	}
	if err := o.APIEnablement.ApplyTo(&config.Config, apiserver.DefaultAPIResourceConfigSource(), apiserver.Scheme); err != nil {
		return nil, err
	}
	admin := &user.DefaultInfo{Name: "admin", Groups: []string{user.SystemPrivilegedGroup, user.AllAuthenticated}}
	config.Authentication.Authenticator = bearertoken.New(tokenfile.New(map[string]*user.DefaultInfo{token: admin}))
	config.Authorization.Authorizer = authorizerfactory.NewAlwaysAllowAuthorizer()
	discover(config)
	described := openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(generated.GetOpenAPIDefinitions)
	names := namer.NewDefinitionNamer(apiserver.Scheme, scheme.Scheme)
	config.OpenAPIConfig = generic.DefaultOpenAPIConfig(described, names)
	config.OpenAPIV3Config = generic.DefaultOpenAPIV3Config(described, names)
	return &apiserver.Config{
		GenericConfig: config,
		ExtraConfig: apiserver.ExtraConfig{
			CRDRESTOptionsGetter: options.NewCRDRESTOptionsGetter(*r.Etcd, config.ResourceTransformers, config.StorageObjectCountTracker),
			ServiceResolver:      webhook.NewDefaultServiceResolver(),
			AuthResolverWrapper: webhook.NewDefaultAuthenticationInfoResolverWrapper(
				nil, nil, config.LoopbackClientConfig, noop.NewTracerProvider()),
		},
	}, nil
}

// discover answers what a client asks first: which groups there are. In a cluster that is the aggregator's work.
func discover(config *generic.RecommendedConfig) {
	groups := discovery.NewRootAPIsHandler(discovery.DefaultAddresses{}, apiserver.Codecs)
	for _, name := range []string{"apiextensions.k8s.io", "crd.projectcalico.org"} {
		version := meta.GroupVersionForDiscovery{GroupVersion: name + "/v1", Version: "v1"}
		groups.AddGroup(meta.APIGroup{Name: name, Versions: []meta.GroupVersionForDiscovery{version}, PreferredVersion: version})
	}
	config.AggregatedDiscoveryGroupManager = aggregated.NewResourceManager("apis")
	all := aggregated.WrapAggregatedDiscoveryToHandler(groups, config.AggregatedDiscoveryGroupManager, nil)
	config.BuildHandlerChainFunc = func(api http.Handler, c *generic.Config) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", api)
		mux.Handle("/apis", all)
		return generic.DefaultBuildHandlerChain(mux, c)
	}
}

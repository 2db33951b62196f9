// Metricbeat as a test needs it: libbeat's whole command line and outputs, and of the forty modules only those that
// watch an Elastic Stack and the host.
package main

import (
	"flag"
	"os"

	"github.com/spf13/pflag"

	"github.com/elastic/beats/v7/libbeat/beat"
	"github.com/elastic/beats/v7/libbeat/cfgfile"
	"github.com/elastic/beats/v7/libbeat/cmd"
	"github.com/elastic/beats/v7/libbeat/cmd/instance"
	"github.com/elastic/beats/v7/libbeat/common"
	"github.com/elastic/beats/v7/libbeat/publisher/processing"
	"github.com/elastic/beats/v7/metricbeat/beater"
	"github.com/elastic/beats/v7/metricbeat/cmd/test"

	_ "github.com/elastic/beats/v7/metricbeat/include/fields"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/ccr"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/cluster_stats"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/enrich"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/index"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/index_recovery"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/index_summary"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/ml_job"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/node"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/node_stats"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/pending_tasks"
	_ "github.com/elastic/beats/v7/metricbeat/module/elasticsearch/shard"
	_ "github.com/elastic/beats/v7/metricbeat/module/kibana"
	_ "github.com/elastic/beats/v7/metricbeat/module/kibana/stats"
	_ "github.com/elastic/beats/v7/metricbeat/module/kibana/status"
	_ "github.com/elastic/beats/v7/metricbeat/module/system"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/cpu"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/load"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/memory"
	_ "github.com/elastic/beats/v7/metricbeat/module/system/uptime"
)

const beatName = "metricbeat"

// The version of the Elastic Common Schema that Metricbeat 7.17 writes.
const ecsVersion = "1.12.0"

func main() {
	command := cmd.GenRootCmdWithSettings(beater.DefaultCreator(), settings())
	command.AddCommand(cmd.GenModulesCmd(beatName, "", modulesFolder))
	command.TestCmd.AddCommand(test.GenTestModulesCmd(beatName, "", beater.DefaultTestModulesCreator()))
	if command.Execute() != nil {
		os.Exit(1)
	}
}

func settings() instance.Settings {
	runFlags := pflag.NewFlagSet(beatName, pflag.ExitOnError)
	if hostFilesystem := flag.CommandLine.Lookup("system.hostfs"); hostFilesystem != nil {
		runFlags.AddGoFlag(hostFilesystem)
	}
	schema := common.MapStr{"ecs": common.MapStr{"version": ecsVersion}}
	return instance.Settings{
		Name:          beatName,
		HasDashboards: true,
		RunFlags:      runFlags,
		Processing: processing.MakeDefaultSupport(
			true, processing.WithFields(schema), processing.WithHost, processing.WithAgentMeta()),
	}
}

func modulesFolder(b *beat.Beat) (cmd.ModulesManager, error) {
	pattern, err := b.BeatConfig.String("config.modules.path", -1)
	if err != nil {
		return nil, err
	}
	return cfgfile.NewGlobManager(pattern, ".yml", ".disabled")
}

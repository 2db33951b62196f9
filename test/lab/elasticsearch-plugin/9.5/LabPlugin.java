package elkseal.lab;

import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

import org.elasticsearch.action.support.ActionFilter;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.rest.RestHandler;

public final class LabPlugin extends SecurityAnalysis implements ActionPlugin {
    @Override
    public Collection<ActionHandler> getActions() {
        return List.of(new ActionHandler(ClusterInfo.ACTION, ClusterInfo.Action.class));
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
        RestHandlersServices services,
        Supplier<DiscoveryNodes> nodes,
        Predicate<NodeFeature> supported
    ) {
        return List.of(new ClusterInfo.Handler());
    }

    @Override
    public List<ActionFilter> getActionFilters() {
        return List.of(new FeatureAnswers());
    }
}

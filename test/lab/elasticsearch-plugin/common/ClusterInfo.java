package elkseal.lab;

import java.io.IOException;
import java.util.List;

import org.apache.lucene.util.Version;
import org.elasticsearch.Build;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.ActionRequest;
import org.elasticsearch.action.ActionRequestValidationException;
import org.elasticsearch.action.ActionResponse;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.action.support.ActionFilters;
import org.elasticsearch.action.support.TransportAction;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.StreamOutput;
import org.elasticsearch.injection.guice.Inject;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.tasks.Task;
import org.elasticsearch.transport.TransportService;
import org.elasticsearch.xcontent.ToXContentObject;
import org.elasticsearch.xcontent.XContentBuilder;

/** The answer to GET and HEAD /, which every client of Elasticsearch asks first. */
final class ClusterInfo {
    /** The name of the missing module's action: security asks the privilege "monitor" for it. */
    static final ActionType<Answer> ACTION = new ActionType<>("cluster:monitor/main");

    private ClusterInfo() {}

    static final class Question extends ActionRequest {
        @Override
        public ActionRequestValidationException validate() {
            return null;
        }
    }

    static final class Answer extends ActionResponse implements ToXContentObject {
        private final String nodeName;
        private final String clusterName;
        private final String clusterId;

        Answer(String nodeName, String clusterName, String clusterId) {
            this.nodeName = nodeName;
            this.clusterName = clusterName;
            this.clusterId = clusterId;
        }

        @Override
        public void writeTo(StreamOutput out) {
            throw new UnsupportedOperationException("answered by the node that was asked");
        }

        @Override
        public XContentBuilder toXContent(XContentBuilder json, Params params) throws IOException {
            Build build = Build.current();
            json.startObject();
            json.field("name", nodeName);
            json.field("cluster_name", clusterName);
            json.field("cluster_uuid", clusterId);
            json.startObject("version");
            json.field("number", build.qualifiedVersion());
            json.field("build_flavor", build.flavor());
            json.field("build_type", build.type().displayName());
            json.field("build_hash", build.hash());
            json.field("build_date", build.date());
            json.field("build_snapshot", build.isSnapshot());
            json.field("lucene_version", Version.LATEST.toString());
            json.field("minimum_wire_compatibility_version", build.minWireCompatVersion());
            json.field("minimum_index_compatibility_version", build.minIndexCompatVersion());
            json.endObject();
            json.field("tagline", "You Know, for Search");
            return json.endObject();
        }
    }

    public static final class Action extends TransportAction<Question, Answer> {
        private final ClusterService clusterService;

        @Inject
        public Action(TransportService transport, ActionFilters filters, ClusterService clusterService) {
            super(ACTION.name(), filters, transport.getTaskManager(), Runnable::run);
            this.clusterService = clusterService;
        }

        @Override
        protected void doExecute(Task task, Question question, ActionListener<Answer> listener) {
            var state = clusterService.state();
            var name = state.getClusterName().value();
            listener.onResponse(new Answer(clusterService.getNodeName(), name, state.metadata().clusterUUID()));
        }
    }

    static final class Handler extends BaseRestHandler {
        @Override
        public String getName() {
            return "elkseal_lab_cluster_info";
        }

        @Override
        public List<Route> routes() {
            return List.of(new Route(RestRequest.Method.GET, "/"), new Route(RestRequest.Method.HEAD, "/"));
        }

        @Override
        protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) {
            return channel -> client.execute(ACTION, new Question(), new RestToXContentListener<>(channel));
        }
    }
}
